#include "sim/replay/time/device.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "sim/replay/time/occupancy.h"
#include "sim/replay/time/steady_state.h"

namespace attnsim::replay::time {
namespace {

Shape shape_of(const PlannedRun& planned, const Kernel& kernel, const CoreRates& rates,
               Workbench& bench) {
  const MachineSpec& machine = planned.run().machine;
  Shape shape{.launch = &kernel.launch, .rates = &rates, .bench = &bench};
  for (int role = 0; role < kRoleCount; ++role) {
    shape.in_scratchpad[static_cast<std::size_t>(role)] =
        machine.space(static_cast<Role>(role)).kind == MemoryKind::scratchpad;
  }
  for (std::size_t agent = 0; agent < shape.warps.size(); ++agent) {
    shape.warps[agent] = kernel.launch.warps_of(agent);
    const std::int64_t strands =
        machine.core.threads ? shape.warps[agent] / machine.core.partitions : 1;
    shape.strands[agent] =
        static_cast<std::uint8_t>(std::clamp<std::int64_t>(strands, 1, kMostStrands));
  }
  return shape;
}

/// The tasks of a kernel in the order they are handed out, and the memory. A static schedule is
/// handed out in the order of time, too: where its tasks are equal that is the same.
class Scheduler final : public Shared {
 public:
  Scheduler(const Kernel& kernel, std::int64_t places, bool skip_copies, MemorySystem& memory,
            Progress* progress)
      : kernel_(kernel),
        tasks_(kernel.tasks()),
        steady_(kernel, places, skip_copies),
        memory_(memory),
        progress_(progress) {}

  std::int64_t next_task(std::int64_t, std::size_t, Ps now) override {
    if (handed_out_ == tasks_) return -1;
    if (progress_ != nullptr) {
      progress_->step(static_cast<std::uint64_t>(handed_out_), static_cast<std::uint64_t>(tasks_),
                      kernel_.name);
    }
    if (steady_.begins_stretch(handed_out_)) begin_stretch(now);
    return kernel_.scheduled(handed_out_++);
  }
  Served serve(const TileOp& record, std::int64_t core, Ps now) override {
    return memory_.serve(record, core, now);
  }
  std::uint64_t bytes_of(const TileOp& record) const override { return memory_.bytes_of(record); }

  Ps time_skipped() const { return steady_.time(); }
  /// How much more all tasks do than those that were handed out.
  double scale() const {
    return static_cast<double>(tasks_) / static_cast<double>(tasks_ - tasks_skipped_);
  }

 private:
  void begin_stretch(Ps now) {
    const std::vector<SharedLane> before = std::exchange(lanes_, memory_.lanes());
    const std::int64_t tasks = steady_.skip(handed_out_, now);
    if (tasks == 0) return;
    handed_out_ += tasks;
    tasks_skipped_ = tasks;
    memory_.repeat(before, static_cast<std::uint64_t>(steady_.skipped()));
  }

  const Kernel& kernel_;
  std::int64_t tasks_;
  SteadyState steady_;
  std::vector<SharedLane> lanes_;  // when the last stretch began
  std::int64_t handed_out_ = 0, tasks_skipped_ = 0;
  MemorySystem& memory_;
  Progress* progress_;
};

}  // namespace

Device::Device(const PlannedRun& planned, const CoreRates& rates, Repetition repetition,
               Listener* listener, Progress* progress)
    : planned_(planned),
      rates_(rates),
      // A listener hears of all work, and tasks that skip blocks are not alike.
      skip_copies_(repetition == Repetition::skip_copies && listener == nullptr &&
                   !planned.run().workload.mask),
      listener_(listener),
      progress_(progress),
      memory_(planned) {}

KernelRun Device::run(const Kernel& kernel, Ps begin) {
  const MachineSpec& machine = planned_.run().machine;
  if (listener_ != nullptr) listener_->kernel(kernel, begin);
  const auto bench = std::make_unique<Workbench>();
  const Shape shape = shape_of(planned_, kernel, rates_, *bench);
  const std::int64_t per_core = places_per_core(planned_, kernel);
  const std::int64_t used = std::min(machine.cores, kernel.tasks());
  Scheduler scheduler(kernel, per_core * used, skip_copies_, memory_, progress_);

  std::vector<std::unique_ptr<Core>> cores;
  for (std::int64_t c = 0; c < used; ++c) {
    cores.push_back(std::make_unique<Core>(kernel, shape, c, static_cast<std::size_t>(per_core),
                                           listener_, skip_copies_));
  }
  // Breadth first: every core gets a task before any gets a second one.
  for (std::int64_t p = 0; p < per_core; ++p) {
    for (std::int64_t c = 0; c < used; ++c) {
      const std::int64_t task = scheduler.next_task(c, static_cast<std::size_t>(p), begin);
      if (task < 0) continue;
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
    run.work += core->work();
  }
  run.work *= scheduler.scale();
  run.end += scheduler.time_skipped();
  memory_.shift(scheduler.time_skipped());
  return run;
}

}  // namespace attnsim::replay::time
