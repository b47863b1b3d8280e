#include "sim/replay/time/device.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "sim/replay/time/occupancy.h"

namespace attnsim::replay::time {
namespace {

Shape shape_of(const PlannedRun& planned, const Kernel& kernel, const CoreRates& rates) {
  const MachineSpec& machine = planned.run().machine;
  Shape shape{.launch = &kernel.launch, .rates = &rates};
  for (int role = 0; role < kRoleCount; ++role) {
    shape.in_scratchpad[static_cast<std::size_t>(role)] =
        machine.space(static_cast<Role>(role)).kind == MemoryKind::scratchpad;
  }
  constexpr std::int64_t kWarp = 32;
  const std::vector<std::int64_t>& warps = kernel.launch.warps;
  for (std::size_t agent = 0; agent < shape.warps.size(); ++agent) {
    shape.warps[agent] = agent < warps.size()
                             ? warps[agent]
                             : std::max<std::int64_t>(1, kernel.launch.threads / kWarp);
    const std::int64_t strands =
        machine.core.threads ? shape.warps[agent] / machine.core.partitions : 1;
    shape.strands[agent] =
        static_cast<std::uint8_t>(std::clamp<std::int64_t>(strands, 1, kMostStrands));
  }
  return shape;
}

/// The tasks of a kernel in the order they are handed out, and the memory.
class Scheduler final : public Shared {
 public:
  Scheduler(const Kernel& kernel, std::int64_t cores, std::int64_t per_core, MemorySystem& memory,
            Progress* progress)
      : kernel_(kernel),
        cores_(cores),
        places_(cores * per_core),
        tasks_(kernel.tasks()),
        memory_(memory),
        progress_(progress) {}

  std::int64_t next_task(std::int64_t core, std::size_t place) override {
    if (kernel_.launch.placement == Placement::persistent_static) return next_of(core, place);
    if (handed_out_ == tasks_) return -1;
    if (progress_ != nullptr) {
      progress_->step(static_cast<std::uint64_t>(handed_out_), static_cast<std::uint64_t>(tasks_),
                      kernel_.name);
    }
    return kernel_.scheduled(handed_out_++);
  }
  Served serve(const TileOp& record, std::int64_t core, Ps now) override {
    return memory_.serve(record, core, now);
  }

 private:
  /// Every place takes each n-th task, n places in all.
  std::int64_t next_of(std::int64_t core, std::size_t place) {
    const std::size_t at =
        place * static_cast<std::size_t>(cores_) + static_cast<std::size_t>(core);
    if (rounds_.empty()) rounds_.resize(static_cast<std::size_t>(places_), 0);
    const std::int64_t n = static_cast<std::int64_t>(at) + places_ * rounds_[at]++;
    return n < tasks_ ? kernel_.scheduled(n) : -1;
  }

  const Kernel& kernel_;
  std::int64_t cores_;
  std::int64_t places_;
  std::int64_t tasks_;
  std::vector<std::int64_t> rounds_;  // of a static schedule, by place
  std::int64_t handed_out_ = 0;
  MemorySystem& memory_;
  Progress* progress_;
};

}  // namespace

Device::Device(const PlannedRun& planned, const CoreRates& rates, Listener* listener,
               Progress* progress)
    : planned_(planned),
      rates_(rates),
      listener_(listener),
      progress_(progress),
      memory_(planned) {}

KernelRun Device::run(const Kernel& kernel, Ps begin) {
  const MachineSpec& machine = planned_.run().machine;
  const Shape shape = shape_of(planned_, kernel, rates_);
  const std::int64_t per_core = places_per_core(planned_, kernel);
  const std::int64_t used = std::min(machine.cores, kernel.tasks());
  Scheduler scheduler(kernel, used, per_core, memory_, progress_);

  std::vector<std::unique_ptr<Core>> cores;
  for (std::int64_t c = 0; c < used; ++c) {
    cores.push_back(
        std::make_unique<Core>(kernel, shape, c, static_cast<std::size_t>(per_core), listener_));
  }
  // Breadth first: every core gets a task before any gets a second one.
  for (std::int64_t p = 0; p < per_core; ++p) {
    for (std::int64_t c = 0; c < used; ++c) {
      const std::int64_t task = scheduler.next_task(c, static_cast<std::size_t>(p));
      if (task >= 0)
        cores[static_cast<std::size_t>(c)]->assign(static_cast<std::size_t>(p), task,
                                                   begin + rates_.task_start);
    }
  }

  using Turn = std::pair<Ps, std::size_t>;  // ties: the core with the lowest number
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> turns;
  for (std::size_t c = 0; c < cores.size(); ++c) turns.emplace(begin, c);
  while (!turns.empty()) {
    const std::size_t c = turns.top().second;
    turns.pop();
    const Ps next = cores[c]->proceed(scheduler);
    if (next != kNever) turns.emplace(next, c);
  }

  KernelRun run{.begin = begin, .end = begin, .places_per_core = per_core};
  for (const auto& core : cores) {
    run.end = std::max(run.end, core->finished_at());
    const UnitWorkSums work = core->work();
    run.work.matrix += work.matrix;
    run.work.port += work.port;
    run.work.exp += work.exp;
    run.work.vector += work.vector;
  }
  return run;
}

}  // namespace attnsim::replay::time
