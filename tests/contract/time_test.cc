// What the time reading promises of every algorithm on every machine that says enough: it ends, has
// run every task once, and gives the same on a second run.
#include "sim/replay/time/time.h"

#include <cmath>
#include <map>
#include <string>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/replay/function.h"
#include "tests/support/algorithms.h"
#include "tests/support/cases.h"

namespace attnsim::replay::time {
namespace {

/// How often each task has been run, and how many tile operations.
class TaskCount final : public Listener {
 public:
  void work(std::int64_t, std::size_t, int, const TileOp&, Unit, Ps from, Ps to) override {
    EXPECT_LE(from, to);
  }
  void task(std::int64_t, std::size_t, std::int64_t task, Ps from, Ps to) override {
    EXPECT_LE(from, to);
    ++runs[task];
  }
  std::map<std::int64_t, std::int64_t> runs;
};

/// Kernels number their tasks from 0: task n is run by all that have more than n.
void expect_all_tasks(const Program& program, const TaskCount& count) {
  std::map<std::int64_t, std::int64_t> expected;
  for (const Kernel& kernel : program.kernels()) {
    for (std::int64_t n = 0; n < kernel.tasks(); ++n) ++expected[n];
  }
  EXPECT_EQ(count.runs, expected);
}

class TimedAlgorithm : public testing::TestWithParam<std::string> {
 protected:
  void run_on(const std::string& machine, Pass pass) const {
    SCOPED_TRACE(machine + " " + std::string(name(pass)));
    const config::Overrides overrides{
        .sets = {},
        .algorithm = GetParam(),
        .hardware = machine,
        .workload = {"seqlen=300,head_dim=64,heads=4,kv_heads=2,pass=" + std::string(name(pass))}};
    const config::SearchPath search{ATTNSIM_SOURCE_DIR};
    RunSpec run = config::load_run(std::nullopt, overrides, algorithm_catalogue(), search);
    run.workload = in_domain(find_algorithm(GetParam()).info.function, std::move(run.workload));
    if (!missing_for_time(run.machine).empty()) return;
    const PlannedRun planned(run);
    TaskCount count;
    const TimeReport first = estimate(planned, nullptr, &count);
    expect_all_tasks(planned.schedule().program(), count);
    EXPECT_GT(first.seconds, 0);
    EXPECT_TRUE(std::isfinite(first.seconds));
    EXPECT_FALSE(first.limiter.empty());
    for (const LaneRow& lane : first.lanes) EXPECT_LE(lane.utilisation, 1) << lane.lane;
    EXPECT_EQ(estimate(planned, nullptr, nullptr, Repetition::replay_all).seconds, first.seconds);
  }
};

TEST_P(TimedAlgorithm, RunsAllItsTasksOnEveryMachineThatSaysEnough) {
  for (const std::string& machine : test::some_of(config::machine_ids({ATTNSIM_SOURCE_DIR}))) {
    for (const Pass pass : find_algorithm(GetParam()).info.passes) run_on(machine, pass);
  }
}

INSTANTIATE_TEST_SUITE_P(All, TimedAlgorithm, testing::ValuesIn(test::all_algorithms()),
                         [](const auto& instance) { return instance.param; });

/// The test above would pass on a machine list of which none says enough.
TEST(TimedMachines, AreAllButTheAbstractOnes) {
  const config::SearchPath search{ATTNSIM_SOURCE_DIR};
  for (const std::string& id : config::machine_ids(search)) {
    const MachineSpec machine = config::load_machine(id, search);
    EXPECT_EQ(missing_for_time(machine).empty(), !machine.uniform_words) << id;
  }
}

}  // namespace
}  // namespace attnsim::replay::time
