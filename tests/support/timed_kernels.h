// Kernels written in a test, on a machine where every unit of work takes a round number of
// picoseconds, so that times can be worked out by hand.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/replay/time/device.h"
#include "sim/replay/time/time.h"
#include "sim/trace/algorithm.h"
#include "tests/support/machines.h"

namespace attnsim::test {

/// What a task does. `x` has a plane of 1024 rows x 16 columns in fp16 for every task.
using Nest = Task (*)(Emitter&, GridIndex, Tensor x);

/// One kernel per nest; of as many tasks as the workload has heads.
template <Nest... nests>
class WrittenKernels final : public Schedule {
 public:
  explicit WrittenKernels(const PlanRequest& r) {
    const std::int64_t tasks = r.workload.query_planes();
    x_ = program_.add({.name = "X", .planes = tasks, .rows = 1024, .cols = 16});
    (program_.add_kernel<&WrittenKernels::template run<nests>>(*this, "written", {{"task", tasks}}),
     ...);
  }

  template <Nest nest>
  Task run(Emitter& em, GridIndex at) const {
    return nest(em, at, x_);
  }

 private:
  Tensor x_;
};

template <Nest... nests>
replay::PlannedRun planned_kernels(const MachineSpec& machine, std::int64_t tasks = 1) {
  RunSpec run;
  run.machine = machine;
  run.workload.heads = run.workload.kv_heads = tasks;
  Algorithm written{.info = {}, .plan = plan_schedule<WrittenKernels<nests...>>};
  written.info.id = "written";
  return replay::PlannedRun(run, written);
}

/// A clock takes 1000 ps. A core does one FLOP, exponential or elementwise operation a picosecond,
/// and the memory moves one byte; its other paths are never waited for.
inline MachineSpec picosecond_machine(std::int64_t cores = 1) {
  MachineSpec machine = machine_with({}, cores);
  const double per_second = 1e12 * static_cast<double>(cores);
  machine.memories.insert(
      machine.memories.begin(),
      {.name = "regs", .kind = MemoryKind::registers, .per_core = true, .parent = "hbm"});
  machine.roles[static_cast<std::size_t>(Role::accumulator)] = "regs";
  machine.roles[static_cast<std::size_t>(Role::vector)] = "regs";
  machine.memories.back().bandwidth = 1e12;
  machine.clock = 1e9;
  machine.core.partitions = 4;
  machine.units.matrix = {{DType::f16, per_second}};
  machine.units.vector = 2 * per_second;
  machine.units.exp = per_second;
  return machine;
}

/// The run's first kernel by itself, from time 0 on, launched as is said here.
inline replay::time::KernelRun run_kernel(const replay::PlannedRun& planned,
                                          const Launch& launch = {},
                                          replay::time::Listener* listener = nullptr) {
  Kernel kernel = planned.schedule().program().kernels().front();
  kernel.launch = launch;
  std::vector<std::string> missing;
  const auto rates = replay::time::core_rates(planned.run().machine, missing);
  replay::time::Device device(planned, rates, replay::Repetition::replay_all, listener, nullptr);
  return device.run(kernel, 0);
}

/// Remembers how often each task was run, and all work.
class WorkLog final : public replay::time::Listener {
 public:
  struct Work {
    std::int64_t core;
    Op op;
    replay::time::Ps from, to;
  };

  void work(std::int64_t core, std::size_t, int, const TileOp& op, replay::time::Unit,
            replay::time::Ps from, replay::time::Ps to) override {
    all.push_back({core, op.op, from, to});
  }
  void task(std::int64_t, std::size_t, std::int64_t task, replay::time::Ps,
            replay::time::Ps) override {
    tasks.push_back(task);
  }

  std::vector<Work> of(Op op) const {
    std::vector<Work> found;
    for (const Work& work : all) {
      if (work.op == op) found.push_back(work);
    }
    return found;
  }

  std::vector<Work> all;
  std::vector<std::int64_t> tasks;
};

}  // namespace attnsim::test
