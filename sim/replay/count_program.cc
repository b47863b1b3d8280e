#include "sim/replay/count_program.h"

#include "sim/replay/loop_repetition.h"

namespace attnsim::replay {
namespace {

class TaskProgress {
 public:
  TaskProgress(const Program& program, Progress* progress)
      : progress_(progress), total_(static_cast<std::uint64_t>(program.tasks())) {}
  void advance(std::int64_t tasks, const std::string& kernel) {
    if (progress_ != nullptr) progress_->step(done_, total_, kernel);
    done_ += static_cast<std::uint64_t>(tasks);
  }
  void finish() const {
    if (progress_ != nullptr) progress_->step(total_, total_, "");
  }

 private:
  Progress* progress_;
  std::uint64_t total_;
  std::uint64_t done_ = 0;
};

/// The slices of one kernel's grid, slowest dimension first.
class GridCount {
 public:
  GridCount(const Kernel& kernel, Counter& counter, TaskProgress& progress)
      : kernel_(kernel),
        counter_(counter),
        progress_(progress),
        repetition_(counter),
        emitter_(repetition_, Emitter::Mode::run_to_completion, &repetition_) {}

  void run() { run_slices(kernel_.grid.size(), kernel_.tasks(), 0); }

 private:
  /// The tasks of the `dims` fastest dimensions, `tasks` in all, from task number `first` on.
  void run_slices(std::size_t dims, std::int64_t tasks, std::int64_t first) {
    if (dims == 0) {
      progress_.advance(1, kernel_.name);
      run_task(kernel_, first, emitter_, counter_, &seen_);
      return;
    }
    const std::size_t dim = dims - 1;
    const std::int64_t extent = kernel_.grid[dim].extent;
    const std::int64_t slice = tasks / extent;
    Totals before = counter_.totals();
    Totals previous(0);
    int alike = 0;  // slices before this one that counted as much
    for (std::int64_t c = 0; c < extent; ++c) {
      run_slices(dim, slice, first + c * slice);
      if (seen_[dim].value_read || c + 2 >= extent) continue;
      Totals counted = counter_.totals().since(before);
      alike = counted == previous ? alike + 1 : 0;
      if (alike == 2) {
        const std::int64_t copies = extent - 2 - c;
        counter_.repeat(counted, static_cast<std::uint64_t>(copies));
        progress_.advance(copies * slice, kernel_.name);
        c += copies;
      }
      before = counter_.totals();
      previous = std::move(counted);
    }
  }

  const Kernel& kernel_;
  Counter& counter_;
  TaskProgress& progress_;
  GridIndex::Observations seen_{};
  LoopRepetition repetition_;
  Emitter emitter_;
};

}  // namespace

void count_program(const Program& program, Counter& counter, Progress* progress) {
  TaskProgress tasks(program, progress);
  for (const Kernel& kernel : program.kernels()) GridCount(kernel, counter, tasks).run();
  tasks.finish();
}

}  // namespace attnsim::replay
