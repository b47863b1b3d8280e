// How long a run takes, from the command line: in results, checks, timelines and explanations. The
// machine is one of round numbers; what is compared holds whatever the constants of the engine are.
#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

const std::string kRun =
    "--algorithm flash_attention_2 --hardware tests/golden/tiny_gpu.yaml "
    "--workload heads=4,seqlen=512,head_dim=64 --set algorithm.tiles='{Br: 64, Bc: 64}' ";

Outcome succeeds(const std::string& arguments) {
  Outcome outcome = attnsim(arguments);
  EXPECT_EQ(outcome.code, 0) << arguments << '\n' << outcome.err;
  return outcome;
}

json result_of(const std::string& arguments) {
  const Outcome outcome = succeeds(arguments + " --format json");
  EXPECT_EQ(outcome.err, "") << arguments;
  return json::parse(outcome.out);
}

TEST(Time, IsPartOfAResult) {
  const json result = result_of("run " + kRun);
  const json& time = result.at("time");
  EXPECT_GT(time.at("seconds"), 1e-6);  // the launch
  EXPECT_EQ(time.at("flops"), 4.0 * 4 * 512 * 512 * 64);
  EXPECT_NEAR(time.at("tflops").get<double>(),
              time.at("flops").get<double>() / time.at("seconds").get<double>() * 1e-12, 1e-9);
  double busiest = 0;
  for (const json& lane : time.at("lanes")) {
    const double utilisation = lane.at("utilisation");
    EXPECT_GE(utilisation, 0);
    EXPECT_LE(utilisation, 1) << lane;
    busiest = std::max(busiest, utilisation);
  }
  EXPECT_GT(busiest, 0);
  EXPECT_EQ(time.at("kernels").at(0).at("tasks"), 4 * 512 / 64);
  EXPECT_EQ(result.at("provenance").at("estimated_inputs"),
            json({"memories.hbm.latency", "memories.l2.capacity", "memories.sram.energy"}));
  EXPECT_EQ(result_of("run --no-time " + kRun).at("provenance").at("estimated_inputs"),
            json({"memories.l2.capacity", "memories.sram.energy"}));
}

TEST(Time, TablesAndCsvShowItOrSayWhyNot) {
  const Outcome table = succeeds("run " + kRun);
  EXPECT_NE(table.out.find("\ntime  "), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("limited by "), std::string::npos) << table.out;
  EXPECT_NE(table.out.find("\nenergy  "), std::string::npos) << table.out;
  EXPECT_EQ(succeeds("run --no-time " + kRun).out.find("\ntime  "), std::string::npos);
  EXPECT_NE(succeeds("run --format csv " + kRun).out.find(",seconds,tflops,limiter\n"),
            std::string::npos);
  const Outcome none = succeeds("run configs/runs/theory/1024_64_25600.yaml");
  EXPECT_NE(none.out.find("no time: the machine does not state hardware.clock"), std::string::npos)
      << none.out;
}

TEST(Time, ChecksCanHoldItAndEnergy) {
  const TemporaryFolder folder;
  std::ofstream(folder / "check.yaml") << R"(checks:
  - name: holds
    run:
      workload: {heads: 4, kv_heads: 4, seqlen: 512, head_dim: 64}
      hardware: )" << ATTNSIM_SOURCE_DIR
                                       << R"(/tests/golden/tiny_gpu.yaml
      algorithm: {name: flash_attention_2, tiles: {Br: 64, Bc: 64}}
    expect:
      - {metric: time.seconds, min: 1 us, max: 1 s}
      - {metric: time.tflops, max: 32}
      - {metric: time.matrix.utilisation, max: 1}
      - {metric: energy.total, max: 1 J}
      - {metric: time.seconds, max: 1 ns}
)";
  const Outcome outcome = attnsim("check '" + (folder / "check.yaml").string() + "' --format json");
  EXPECT_EQ(outcome.code, 1) << outcome.err;
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report.at("passed"), 4) << outcome.out;
  EXPECT_EQ(report.at("failed"), 1);
}

/// The events of a timeline, by process and track, in the order of the file.
struct Events {
  json all{};
  std::map<std::pair<int, int>, std::string> tracks{};
  std::map<std::pair<int, int>, std::vector<json>> complete{};
  std::map<std::pair<int, int>, int> open{};  // asynchronous events begun less those ended
};

Events timeline(const std::string& options) {
  const TemporaryFolder folder;
  const std::string file = (folder / "t.json").string();
  succeeds("run " + kRun + " --timeline '" + file + "' " + options);
  Events out{.all = json::parse(read_file(file)).at("traceEvents")};
  EXPECT_EQ(folder.size(), 1u);
  for (const json& e : out.all) {
    const std::pair<int, int> track = {e.at("pid"), e.at("tid")};
    const std::string phase = e.at("ph");
    if (e.at("name") == "thread_name") out.tracks[track] = e.at("args").at("name");
    if (phase == "X") out.complete[track].push_back(e);
    if (phase == "b") ++out.open[track];
    if (phase == "e") --out.open[track];
  }
  return out;
}

TEST(Timeline, AUnitDoesOneThingAfterAnother) {
  const Events events = timeline("--timeline-cores 0-3");
  int units = 0;
  for (const auto& [track, list] : events.complete) {
    if (events.tracks.at(track).find("unit") != std::string::npos) ++units;
    double free = 0;
    for (const json& e : list) {
      EXPECT_GE(e.at("ts").get<double>(), free - 1e-7) << events.tracks.at(track) << ' ' << e;
      free = e.at("ts").get<double>() + e.at("dur").get<double>();
    }
  }
  EXPECT_EQ(units, 4 * 2);
  for (const auto& [track, count] : events.open) EXPECT_EQ(count, 0) << events.tracks.at(track);
}

TEST(Timeline, HoldsAllThatTheCoresDo) {
  const Events events = timeline("--timeline-cores 0-3");
  std::map<std::string, int> names;
  for (const json& e : events.all) {
    if (e.at("ph") == "X" || e.at("ph") == "b") {
      ++names[e.at("name").get<std::string>().substr(0, 5)];
    }
  }
  EXPECT_EQ(names["task "], 32);
  EXPECT_GE(names["matmu"], 32 * 8 * 2);
  EXPECT_GE(names["load "], 32 * (8 * 2 + 1));
  EXPECT_GE(names["store"], 32 * 2);
  const json kernel = events.complete.at({0, 1}).at(0);
  const json time = result_of("run " + kRun).at("time");
  EXPECT_NEAR(kernel.at("ts").get<double>() + kernel.at("dur").get<double>(),
              time.at("seconds").get<double>() * 1e6, 1e-3);
}

TEST(Timeline, ShowsTheCoresAndTheWindowAskedFor) {
  for (const auto& [track, list] : timeline("").complete) EXPECT_LE(track.first, 2);  // 0-1
  const Events one = timeline("--timeline-cores 2 --timeline-window '10 us-20 us'");
  std::size_t shown = 0;
  for (const auto& [track, list] : one.complete) {
    if (track.first == 0) continue;  // the device
    EXPECT_EQ(track.first, 3);
    shown += list.size();
    for (const json& e : list) {
      EXPECT_LT(e.at("ts"), 20);
      EXPECT_GT(e.at("ts").get<double>() + e.at("dur").get<double>(), 10);
    }
  }
  EXPECT_GT(shown, 0u);
}

TEST(Timeline, RefusesWhatMakesNoSense) {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& options, const std::string& message) {
    const Outcome outcome = attnsim("run " + kRun + options);
    EXPECT_EQ(outcome.code, 2) << options;
    EXPECT_EQ(outcome.out, "") << options;
    EXPECT_EQ(outcome.err, message + "\n") << options;
    EXPECT_EQ(folder.size(), 0u) << options;
  };
  const std::string file = "--timeline '" + (folder / "t.json").string() + "' ";
  refused("--timeline-cores 0-1", "--timeline-cores needs --timeline");
  refused(file + "--no-time", "--timeline needs the time that --no-time forgoes");
  refused(file + "--timeline-cores 4-5", "--timeline-cores 4-5: the machine has cores 0-3");
  refused(file + "--timeline-window 5",
          "--timeline-window 5: expected FROM-TO such as 10 us-20 us, got '5'");
  refused(file + "--set hardware.memories.sram.capacity='1 KiB'",
          "there is no timeline: the run does not fit");
}

TEST(Explain, SaysWhatLimitsAndWhatAChangeWouldBuy) {
  const json e = result_of("explain " + kRun);
  double spent = 0;
  for (const json& share : e.at("spent")) spent += share.get<double>();
  EXPECT_NEAR(spent, 1, 1e-6);
  EXPECT_EQ(e.at("time"), result_of("run " + kRun).at("time"));
  const json& kernel = e.at("kernels").at(0);
  EXPECT_EQ(kernel.at("tasks"), 32);
  EXPECT_NEAR(kernel.at("ideal_waves").get<double>(), 32.0 / kernel.at("places").get<double>(),
              1e-9);
  std::vector<std::string> changes;
  double last = -1e9;
  for (const json& w : e.at("what_if")) {
    changes.push_back(w.at("change"));
    EXPECT_GE(w.at("seconds").get<double>(), last);
    last = w.at("seconds");
    EXPECT_NEAR(w.at("saved").get<double>(), 1 - last / e.at("time").at("seconds").get<double>(),
                1e-9);
  }
  std::sort(changes.begin(), changes.end());
  EXPECT_EQ(changes, (std::vector<std::string>{"exp unit x2", "hbm bandwidth x2", "l2 bandwidth x2",
                                               "matrix unit x2", "no launch cost",
                                               "sram bandwidth x2", "vector unit x2"}));
}

TEST(Explain, HasATableAndCsvAndRefusesWhatHasNoTime) {
  const Outcome table = succeeds("explain " + kRun);
  for (const char* part : {"\nlimited by ", "\ncore time ", "waves in", "% saved", "tail "}) {
    EXPECT_NE(table.out.find(part), std::string::npos) << part << '\n' << table.out;
  }
  EXPECT_EQ(succeeds("explain --format csv " + kRun).out.substr(0, 28),
            "change,seconds,saved,limiter");
  const Outcome none = attnsim("explain configs/runs/theory/1024_64_25600.yaml");
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.out, "");
  EXPECT_TRUE(none.err.starts_with("there is no time to explain: the machine does not state "))
      << none.err;
  // A recorded trace has counts, but nothing that says how its kernels are launched.
  const Outcome recorded = attnsim(
      "explain --algorithm replay --set algorithm.file=traces/flash_attention_2_tiny.trace "
      "--hardware nvidia_a100_sxm_80 --workload heads=2,kv_heads=1,seqlen=96,head_dim=16");
  EXPECT_EQ(recorded.code, 2);
  EXPECT_EQ(recorded.out, "");
  EXPECT_TRUE(recorded.err.starts_with("there is no time to explain: a trace from a file "))
      << recorded.err;
}

}  // namespace
}  // namespace attnsim::e2e
