// The order in which a memory shared by all cores sees the traffic of the tasks in flight.
//
// In counts there is no clock, so the order is a stated, deterministic one: tasks occupy `width`
// places in issue order; the task whose place has moved the fewest bytes so far goes next, up to
// its next loop iteration (ties: the task that was issued first); a task that ends leaves its place
// to the next task. Kernels run one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/core/progress.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {

/// Gets every record that moves data between a tile and a tensor, in interleaved order.
class TrafficListener {
 public:
  virtual ~TrafficListener() = default;
  /// A record of the task at `place`, 0 .. width - 1. Returns the bytes the record moves.
  virtual std::uint64_t traffic(const TileOp& op, std::size_t place) = 0;
};

/// Tasks of one core that are resident together: as many as fit into its memories by the schedule's
/// own footprint, one when it states none; at most 32, the most CTAs an SM holds.
std::int64_t resident_per_core(const Schedule& schedule, const MachineSpec& machine,
                               const Target& target);

/// The same on all cores together: the width of an interleaving.
std::int64_t tasks_in_flight(const Schedule& schedule, const MachineSpec& machine,
                             const Target& target);

/// The tasks of one kernel on their way. Memory is O(width).
class Interleaving {
 public:
  /// References everything. REQUIRES: width >= 1, and a trace that has been found legal.
  Interleaving(const Kernel& kernel, std::int64_t width, TrafficListener& listener);
  ~Interleaving();

  /// One iteration of the task whose turn it is; false when all tasks are done.
  bool step();

  const Kernel& kernel() const { return kernel_; }
  /// Tasks started so far: the number of the next one.
  std::int64_t started() const { return started_; }
  /// Steps `progress`, which may be null, to the tasks started.
  void show(Progress* progress) const;
  /// The first task that is in flight; started() when none is.
  std::int64_t oldest() const;
  /// What the bodies have done with the coordinates of their tasks.
  const GridIndex::Observations& seen() const { return seen_; }

  /// Appends all that the order of what follows depends on, with tasks counted back from started().
  /// Which place a task is at matters only to who tells places apart.
  void snapshot(bool tell_places_apart, std::vector<std::uint64_t>& out) const;

  /// Goes on as if each task in flight were the one `tasks` further on, just as far, and as if as
  /// many more had been started. REQUIRES: those tasks are translated copies.
  void jump(std::int64_t tasks);

 private:
  class Place;
  struct Turn {
    std::uint64_t bytes;  // moved at the place so far
    std::int64_t task;
    std::size_t place;
    /// Later in the order.
    friend bool operator>(const Turn& a, const Turn& b) {
      return a.bytes != b.bytes ? a.bytes > b.bytes : a.task > b.task;
    }
  };

  void push(const Turn& turn);

  const Kernel& kernel_;
  TrafficListener& listener_;
  GridIndex::Observations seen_{};
  std::vector<std::unique_ptr<Place>> places_;  // immovable: each owns an emitter
  std::vector<Turn> turns_;                     // a heap: of each place that has a task
  std::int64_t started_ = 0;
  std::int64_t tasks_;
};

/// Runs all tasks of a kernel, `width` at a time, to the end.
void run_interleaved(const Kernel& kernel, std::int64_t width, TrafficListener& listener,
                     Progress* progress = nullptr);

}  // namespace attnsim::replay
