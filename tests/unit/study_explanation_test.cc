// What one change of the machine would buy, on a machine of round numbers.
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/study/explanation.h"
#include "tests/support/machines.h"

namespace attnsim::study {
namespace {

/// One core whose memory is by far its slowest part.
RunSpec memory_bound_run() {
  RunSpec run;
  run.workload.seqlen_q = run.workload.seqlen_kv = 256;
  run.machine = test::machine_with({});
  MachineSpec& m = run.machine;
  m.clock = 1e9;
  m.units.matrix[DType::f16] = 100e12;
  m.units.vector = 10e12;
  m.units.exp = 10e12;
  m.memories[0].bandwidth = 10e12;
  m.memories.back().bandwidth = 1e9;
  m.launch = 1e-6;
  run.algorithm.name = "flash_attention_2";
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 64}, {"Bc", 64}}};
  return run;
}

const WhatIf& change(const Explanation& e, const std::string& name) {
  const auto found = std::find_if(e.what_if.begin(), e.what_if.end(),
                                  [&](const WhatIf& w) { return w.change == name; });
  if (found == e.what_if.end()) throw std::runtime_error(name);
  return *found;
}

TEST(Explain, FindsTheMemoryThatLimitsAndTheTensorBehindIt) {
  const Explanation e = explain(memory_bound_run(), 1);
  EXPECT_EQ(e.time.limiter, "hbm");
  ASSERT_TRUE(e.tensor.has_value());
  EXPECT_EQ(e.tensor->memory, "hbm");
  EXPECT_EQ(e.tensor->tensor, "K");                     // as much as V, before it
  EXPECT_EQ(e.tensor->bytes.count, 4u * 256 * 64 * 2);  // once for each of four row blocks
  EXPECT_EQ(e.what_if.front().change, "hbm bandwidth x2");
  EXPECT_NEAR(e.saved(e.what_if.front()), 0.5, 0.05);
  EXPECT_NEAR(e.saved(change(e, "matrix unit x2")), 0, 0.01);
  EXPECT_NEAR(e.time.seconds - change(e, "no launch cost").seconds, 1e-6, 1e-9);
}

TEST(Explain, SpendsAllCoreTimeOnSomething) {
  const Explanation e = explain(memory_bound_run(), 2);
  EXPECT_NEAR(e.spent.total(), e.time.seconds, 1e-3 * e.time.seconds);  // one core
  EXPECT_GT(e.spent.waiting, 0.8 * e.time.seconds);
}

TEST(Explain, SortsChangesByWhatTheySaveWhateverTheThreads) {
  const Explanation one = explain(memory_bound_run(), 1);
  const Explanation many = explain(memory_bound_run(), 4);
  ASSERT_EQ(one.what_if.size(), many.what_if.size());
  EXPECT_TRUE(
      std::is_sorted(one.what_if.begin(), one.what_if.end(),
                     [](const WhatIf& a, const WhatIf& b) { return a.seconds < b.seconds; }));
  for (std::size_t i = 0; i < one.what_if.size(); ++i) {
    EXPECT_EQ(one.what_if[i].change, many.what_if[i].change);
    EXPECT_EQ(one.what_if[i].seconds, many.what_if[i].seconds);
  }
}

TEST(Explain, RefusesWhatHasNoTime) {
  const auto refusal = [](const RunSpec& run) -> std::string {
    try {
      explain(run, 1);
    } catch (const UserError& error) {
      return error.what();
    }
    return "no refusal";
  };
  RunSpec run = memory_bound_run();
  run.machine.units.exp.reset();
  EXPECT_EQ(refusal(run),
            "there is no time to explain: the machine does not state hardware.units.exp");
  run = memory_bound_run();
  run.machine.memories[0].capacity = Capacity{1024, false};
  EXPECT_EQ(refusal(run), "there is no time to explain: the run does not fit");
}

TEST(Changes, AreOfWhatTheMachineHas) {
  MachineSpec machine = memory_bound_run().machine;
  std::vector<std::string> names;
  for (const Change& c : changes_of(machine)) names.push_back(c.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"matrix unit x2", "exp unit x2", "vector unit x2",
                                      "hbm bandwidth x2", "sram bandwidth x2", "no launch cost"}));
  machine.load.stage_latency = 10;
  machine.core.lanes = 64;
  machine.memories.back().read_bandwidth = 0.5e9;
  const std::vector<Change> changes = changes_of(machine);
  EXPECT_EQ(changes[0].machine.units.matrix.at(DType::f16), 200e12);
  EXPECT_EQ(changes[0].machine.units.exp, machine.units.exp);  // and nothing else
  EXPECT_EQ(changes[2].machine.core.lanes, 128);
  EXPECT_EQ(changes[3].machine.memories.back().bandwidth, 2e9);
  EXPECT_EQ(changes[3].machine.memories.back().read_bandwidth, 1e9);
  EXPECT_EQ(changes.back().name, "no stage latency");
  EXPECT_EQ(changes.back().machine.load.stage_latency, 0);
}

}  // namespace
}  // namespace attnsim::study
