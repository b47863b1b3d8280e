// Studies: every point once, whatever happens to the process, and the same files at the end.
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// Long enough to be interrupted, and some of its points hold nothing.
constexpr const char* kStudy = R"(
base:
  workload: {seqlen: 64, head_dim: 64}
  hardware: abstract_two_level
axes:
  algorithm: [standard, flash_attention_2, square_tiling]
  algorithm.tiles: [fit]
  workload.seqlen: [512 .. 4096 linear 15]
  hardware.memories.sram.capacity: [128 words .. 65536 words linear 24]
)";
constexpr std::size_t kPoints = 3 * 15 * 24;

/// A folder with the study, and what an undisturbed sweep writes.
class Sweep : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    std::ofstream(*folder_ / "study.yaml") << kStudy;
    const auto start = std::chrono::steady_clock::now();
    output_of("sweep study.yaml --jobs 1 -o whole", folder_->path());
    seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static fs::path in(const std::string& name) { return *folder_ / name; }
  static const fs::path& folder() { return folder_->path(); }
  /// A sweep that a signal ends after a part of the time an undisturbed one took.
  static Outcome cut_off(const std::string& signal, double part, const std::string& output) {
    const std::string seconds = std::to_string(part * seconds_);
    return shell("timeout --preserve-status -s " + signal + " " + seconds + " '" + ATTNSIM_BINARY +
                     "' sweep study.yaml --jobs 2 -o " + output,
                 folder());
  }
  static void expect_whole(const std::string& output) {
    for (const std::string file : {"results.csv", "results.jsonl"}) {
      EXPECT_EQ(read_file(in(output) / file), read_file(in("whole") / file)) << output << file;
    }
    EXPECT_FALSE(fs::exists(in(output) / "study.sqlite-wal"));
  }

 private:
  static TemporaryFolder* folder_;
  static double seconds_;
};

TemporaryFolder* Sweep::folder_ = nullptr;
double Sweep::seconds_ = 0;

/// The number before the words.
std::size_t number_before(const std::string& text, const std::string& words) {
  const std::size_t end = text.find(" " + words);
  if (end == std::string::npos) return 0;
  std::string digits;
  for (std::size_t i = end; i-- > 0 && (std::isdigit(text[i]) != 0 || text[i] == ',');) {
    if (text[i] != ',') digits.insert(digits.begin(), text[i]);
  }
  return std::stoul(digits);
}

std::vector<json> lines_of(const fs::path& file) {
  std::vector<json> out;
  std::istringstream stream(read_file(file));
  for (std::string line; std::getline(stream, line);) out.push_back(json::parse(line));
  return out;
}

TEST_F(Sweep, AnswersEveryPointInOrder) {
  const std::vector<json> lines = lines_of(in("whole") / "results.jsonl");
  ASSERT_EQ(lines.size(), kPoints);
  std::size_t without = 0;
  for (std::size_t point = 0; point < kPoints; ++point) {
    EXPECT_EQ(lines[point].at("point"), point);
    EXPECT_EQ(lines[point].at("schema_version"), 1);
    EXPECT_EQ(lines[point].contains("io"), !lines[point].contains("no_result"));
    if (lines[point].contains("no_result")) ++without;
  }
  EXPECT_EQ(without, 15U) << "128 words hold no block of flash_attention_2";
  const std::string csv = read_file(in("whole") / "results.csv");
  EXPECT_EQ(static_cast<std::size_t>(std::count(csv.begin(), csv.end(), '\n')), kPoints + 1);
}

/// A line of results.jsonl is what `run` says of the same run.
TEST_F(Sweep, APointIsTheRunWithItsValuesSet) {
  const json line = lines_of(in("whole") / "results.jsonl").at(kPoints / 2);
  std::string command = "run --hardware abstract_two_level --workload head_dim=64 --no-time";
  for (const auto& [path, value] : line.at("set").items()) {
    command += " --set " + path + "='" + value.get<std::string>() + "'";
  }
  json run = json::parse(output_of(command + " --format json"));
  run.at("provenance").at("command") = "";  // a point has none
  for (const auto& [key, value] : run.items()) EXPECT_EQ(line.at(key), value) << key;
}

TEST_F(Sweep, AnyNumberOfThreadsWritesTheSame) {
  const std::string text = output_of("sweep study.yaml --jobs 2 -o two", folder());
  EXPECT_EQ(number_before(text, "computed"), kPoints);
  expect_whole("two");
}

TEST_F(Sweep, ASecondCallComputesNothing) {
  fs::copy(in("whole"), in("again"));
  fs::remove(in("again") / "results.csv");
  const std::string text = output_of("sweep study.yaml -o again", folder());
  EXPECT_EQ(number_before(text, "computed"), 0U);
  EXPECT_EQ(number_before(text, "found in the store"), kPoints);
  expect_whole("again");
}

/// Killed later and later, each time going on from what the last ones left, until one is done.
TEST_F(Sweep, KilledAtAnyMomentItGoesOnAndLosesNothing) {
  std::size_t kills = 0;
  Outcome outcome{.code = 137};
  for (int round = 1; outcome.code == 137 && round <= 40; ++round) {
    outcome = cut_off("KILL", 0.1 * round, "killed");
    if (outcome.code == 137) ++kills;
  }
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_GE(kills, 1U) << "the study is too short to be killed";
  const std::size_t before = number_before(outcome.out, "found in the store");
  EXPECT_GT(before, 0U) << "what was computed is lost";
  EXPECT_EQ(number_before(outcome.out, "computed") + before, kPoints);
  expect_whole("killed");
}

TEST_F(Sweep, InterruptedItSaysHowToGoOn) {
  Outcome outcome;
  for (const double part : {0.4, 0.2, 0.1}) {  // with two threads it may be done by then
    fs::remove_all(in("stopped"));
    outcome = cut_off("INT", part, "stopped");
    if (outcome.code != 0) break;
  }
  EXPECT_EQ(outcome.code, 130);
  EXPECT_EQ(outcome.out, "");
  if (!outcome.err.empty()) {  // not yet at the points otherwise
    EXPECT_EQ(outcome.err, "interrupted: the same command goes on with what is in 'stopped'\n");
  }
  output_of("sweep study.yaml -o stopped", folder());
  expect_whole("stopped");
}

TEST_F(Sweep, TwoProcessesShareAFolder) {
  const std::string one = "attnsim sweep study.yaml --jobs 1 -o shared > /dev/null";
  const Outcome outcome = shell(one + " & " + one + "; first=$?; wait $! && exit $first", folder());
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  expect_whole("shared");
}

TEST_F(Sweep, AChangedStudyComputesWhatIsNew) {
  std::string text = kStudy;
  const std::string range = "512 .. 4096 linear 15";
  text.replace(text.find(range), range.size(), "512, 640, 4096");
  fs::copy(in("whole"), in("changed"));
  std::ofstream(in("changed.yaml")) << text;
  const std::string said = output_of("sweep changed.yaml -o changed", folder());
  EXPECT_EQ(number_before(said, "found in the store"), 2 * 3 * 24U);
  EXPECT_EQ(number_before(said, "computed"), 3 * 24U);
}

TEST_F(Sweep, RefusesFoldersItCannotUse) {
  std::ofstream(in("file")) << "mine";
  expect_refused("sweep study.yaml -o file", "cannot write to 'file': it is no folder", folder());
  const Outcome outcome = attnsim("sweep study.yaml -o /proc/no_folder", folder());
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err.starts_with("cannot make the folder '/proc/no_folder': ")) << outcome.err;
  fs::create_directory(in("foreign"));
  const std::string theirs(200, '#');
  std::ofstream(in("foreign") / "study.sqlite") << theirs;
  expect_refused("sweep study.yaml -o foreign",
                 "cannot use the store 'foreign/study.sqlite': file is not a database", folder());
  EXPECT_EQ(read_file(in("foreign") / "study.sqlite"), theirs);
}

TEST(Studies, TimesAreReadWhereAStudyAsksForThem) {
  const TemporaryFolder folder;
  std::ofstream(folder / "timed.yaml")
      << "base: {workload: {seqlen: 256, head_dim: 64}, hardware: nvidia_h100_sxm}\n"
         "time: true\naxes: {workload.heads: [1, 2]}\n";
  const std::string text = output_of("sweep timed.yaml", folder.path());
  EXPECT_NE(text.find("TFLOP/s"), std::string::npos) << text;
  const std::vector<json> lines = lines_of(folder / "timed_results/results.jsonl");
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_GT(lines[1].at("time").at("seconds"), 0);
}

}  // namespace
}  // namespace attnsim::e2e
