// Cores that share a memory and a queue of tasks, and kernels that follow each other.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "sim/replay/time/device.h"
#include "tests/support/timed_kernels.h"

namespace attnsim::replay::time {
namespace {

using test::picosecond_machine;
using test::planned_kernels;
using test::run_kernel;
using test::WorkLog;

constexpr Ps kProduct = 8192;
constexpr Ps kTile = 512;  // bytes of a tile of X, and picoseconds to load it

Task product(Emitter& em, GridIndex, Tensor) {
  Agent agent = em.agent();
  const Tile a = agent.fill(Role::operand, 16, 16, DType::f16, 1);
  const Tile b = agent.fill(Role::operand, 16, 16, DType::f16, 1);
  const Tile c = agent.matmul(a, b, DType::f16);
  co_return;
}

Task load_then_product(Emitter& em, GridIndex at, Tensor x) {
  Agent agent = em.agent();
  const Tile a = agent.load(x.block(at[0], 0, 16));
  const Tile b = agent.load(x.block(at[0], 1, 16));
  const Tile c = agent.matmul(a, b, DType::f16);
  co_return;
}

/// All tasks read the same tile.
Task load_common_tile(Emitter& em, GridIndex, Tensor x) {
  Agent agent = em.agent();
  const Tile a = agent.load(x.block(0, 0, 16));
  co_return;
}

Task load_and_add(Emitter& em, GridIndex at, Tensor x) {
  Agent agent = em.agent();
  const Tile a = agent.load(x.block(at[0], 0, 16));
  agent.accumulate(a, x.block(at[0], 1, 16), AddAt::core);
  agent.accumulate(a, x.block(at[0], 2, 16), AddAt::memory);
  co_return;
}

Ps picoseconds(double seconds) { return std::llround(seconds * 1e12); }

const LaneRow& lane(const TimeReport& report, const std::string& name) {
  const auto row = std::ranges::find(report.lanes, name, &LaneRow::lane);
  EXPECT_NE(row, report.lanes.end()) << name;
  return *row;
}

/// `machine` with 1 MiB of l2 in front of hbm, a byte in half a picosecond.
MachineSpec with_cache(MachineSpec machine) {
  MemorySpec l2 = test::lru_cache("l2", 8192);
  l2.cache.policy.clear();
  l2.parent = "hbm";
  l2.bandwidth = 2e12;
  l2.latency = 100e-9;
  machine.memories.back().latency = 300e-9;
  for (MemorySpec& m : machine.memories) {
    if (m.per_core) m.parent = "l2";
  }
  machine.memories.insert(machine.memories.end() - 1, l2);
  return machine;
}

TEST(TimedDevice, CoresTakeTurnsAtTheMemory) {
  const auto planned = planned_kernels<load_then_product>(picosecond_machine(2), 2);
  WorkLog log;
  // Both cores ask at time 0 for two tiles each; the second core's come last.
  EXPECT_EQ(run_kernel(planned, {}, &log).end, 4 * kTile + kProduct);
  std::vector<Ps> arrivals;
  for (const WorkLog::Work& load : log.of(Op::load)) arrivals.push_back(load.to);
  EXPECT_EQ(arrivals, (std::vector<Ps>{kTile, 2 * kTile, 3 * kTile, 4 * kTile}));
}

TEST(TimedDevice, TasksThatAreLeftOverTakeAnotherWave) {
  EXPECT_EQ(run_kernel(planned_kernels<product>(picosecond_machine(2), 2)).end, kProduct);
  EXPECT_EQ(run_kernel(planned_kernels<product>(picosecond_machine(2), 3)).end, 2 * kProduct);
}

TEST(TimedDevice, FirstTasksAreSpreadOverAllCores) {
  MachineSpec machine = picosecond_machine(2);
  machine.core.threads = 256;
  const auto planned = planned_kernels<product>(machine, 2);
  EXPECT_EQ(run_kernel(planned, {.threads = 128}).end, kProduct) << "not two on one core";
}

class Placements : public testing::TestWithParam<Placement> {};

TEST_P(Placements, HandOutEveryTaskOnce) {
  MachineSpec machine = picosecond_machine(3);
  machine.core.threads = 256;
  for (const std::int64_t tasks : {1, 5, 6, 7, 20}) {
    WorkLog log;
    run_kernel(planned_kernels<load_then_product>(machine, tasks),
               {.threads = 128, .placement = GetParam()}, &log);
    std::vector<std::int64_t> all(static_cast<std::size_t>(tasks));
    std::iota(all.begin(), all.end(), 0);
    std::ranges::sort(log.tasks);
    EXPECT_EQ(log.tasks, all);
    EXPECT_EQ(log.of(Op::matmul).size(), all.size());
  }
}

INSTANTIATE_TEST_SUITE_P(All, Placements,
                         testing::Values(Placement::dispatch, Placement::persistent_static,
                                         Placement::persistent_dynamic));

TEST(TimedDevice, AStaticPlaceTakesEveryNthTask) {
  WorkLog log;
  run_kernel(planned_kernels<product>(picosecond_machine(2), 5),
             {.placement = Placement::persistent_static}, &log);
  std::vector<std::int64_t> per_core(2, 0);
  for (const WorkLog::Work& work : log.of(Op::matmul))
    ++per_core[static_cast<std::size_t>(work.core)];
  EXPECT_EQ(per_core, (std::vector<std::int64_t>{3, 2}));
}

// --- memories
// ------------------------------------------------------------------------------------------

/// The first load misses and takes the memory's latency, the second hits.
TEST(TimedMemories, ACacheThatNamesNoPolicyKeepsWhatWasUsedLast) {
  const auto planned = planned_kernels<load_common_tile>(with_cache(picosecond_machine(1)), 2);
  WorkLog log;
  run_kernel(planned, {.placement = Placement::persistent_dynamic}, &log);
  const std::vector<WorkLog::Work> loads = log.of(Op::load);
  ASSERT_EQ(loads.size(), 2U);
  EXPECT_EQ(loads[0].to - loads[0].from, kTile + 300'000);
  EXPECT_LE(loads[1].to - loads[1].from, kTile + 100'000);
}

TEST(TimedMemories, LanesCountWhatEachMemoryMoved) {
  const TimeReport report =
      estimate(planned_kernels<load_common_tile>(with_cache(picosecond_machine(4)), 4));
  EXPECT_EQ(picoseconds(lane(report, "l2").busy_seconds), 4 * kTile / 2);
  EXPECT_EQ(picoseconds(lane(report, "hbm").busy_seconds), kTile);
}

TEST(TimedMemories, SustainedRatesComeBeforePeaks) {
  MachineSpec machine = picosecond_machine();
  machine.memories.back().read_bandwidth = 0.5e12;
  machine.memories.back().write_bandwidth = 0.25e12;
  const auto planned = planned_kernels<load_and_add>(machine);
  const TimeReport report = estimate(planned);
  // Three reads (one of them by an addition at the memory) and two writes.
  EXPECT_EQ(picoseconds(lane(report, "hbm").busy_seconds), 3 * 2 * kTile + 2 * 4 * kTile);
}

TEST(TimedMemories, UnderLoadAShareOfTheOutermostMemorysRateIsLeft) {
  MachineSpec machine = with_cache(picosecond_machine(4));
  machine.load.memory = 0.25;
  const TimeReport report = estimate(planned_kernels<load_common_tile>(machine, 4));
  EXPECT_EQ(picoseconds(lane(report, "hbm").busy_seconds), 4 * kTile);
  EXPECT_EQ(picoseconds(lane(report, "l2").busy_seconds), 4 * kTile / 2) << "not of the cache's";
}

// --- kernels
// -------------------------------------------------------------------------------------------

TEST(TimedKernels, RunOneAfterAnotherAndEachIsLaunched) {
  MachineSpec machine = picosecond_machine();
  machine.launch = 2e-9;
  machine.launch_next = 1e-9;
  const TimeReport report = estimate(planned_kernels<product, load_then_product, product>(machine));
  ASSERT_EQ(report.kernels.size(), 3U);
  EXPECT_EQ(picoseconds(report.kernels[0].seconds), 2000 + kProduct);
  EXPECT_EQ(picoseconds(report.kernels[1].seconds), 1000 + 2 * kTile + kProduct);
  EXPECT_EQ(picoseconds(report.kernels[2].seconds), 1000 + kProduct);
  EXPECT_EQ(picoseconds(report.seconds), 4000 + 2 * kTile + 3 * kProduct);
  EXPECT_EQ(picoseconds(lane(report, "launch").busy_seconds), 4000);
  EXPECT_EQ(picoseconds(lane(report, "matrix").busy_seconds), 3 * kProduct);
  EXPECT_EQ(report.limiter, "matrix");
}

TEST(TimedKernels, AFurtherLaunchCostsAsMuchWhereNothingElseIsKnown) {
  MachineSpec machine = picosecond_machine();
  machine.launch = 2e-9;
  EXPECT_EQ(picoseconds(estimate(planned_kernels<product, product>(machine)).seconds),
            2 * (2000 + kProduct));
}

/// Two of three cores have nothing to do.
TEST(TimedKernels, LanesAreAveragedOverAllCores) {
  const TimeReport report = estimate(planned_kernels<product>(picosecond_machine(3)));
  EXPECT_NEAR(lane(report, "matrix").utilisation, 1.0 / 3, 1e-9);
  EXPECT_EQ(report.limiter, "latency") << "no lane is busy half of the time";
  EXPECT_EQ(report.kernels.front().places, 3);
}

TEST(AddTime, SaysWhatTheMachineDoesNot) {
  MachineSpec machine = picosecond_machine();
  machine.units.exp.reset();
  machine.clock.reset();
  Result result;
  add_time(planned_kernels<product>(machine), result);
  EXPECT_FALSE(result.time.has_value());
  EXPECT_EQ(result.no_time, "the machine does not state hardware.clock, hardware.units.exp");
}

TEST(AddTime, GivesNoneToARunThatDoesNotFit) {
  Result result;
  result.footprint = {{.space = "sram", .fits = false}};
  add_time(planned_kernels<product>(picosecond_machine()), result);
  EXPECT_FALSE(result.time.has_value());
  EXPECT_EQ(result.no_time, "the run does not fit");
  Result fitting;
  add_time(planned_kernels<product>(picosecond_machine()), fitting);
  ASSERT_TRUE(fitting.time.has_value());
  EXPECT_EQ(picoseconds(fitting.time->seconds), kProduct);
}

}  // namespace
}  // namespace attnsim::replay::time
