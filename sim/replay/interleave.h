// The order in which a memory shared by all cores sees the traffic of the tasks in flight.
//
// In counts there is no clock, so the order is a stated, deterministic one: tasks occupy `width`
// places in issue order; the place that has moved the fewest bytes so far goes next, up to its
// task's next loop iteration (ties: the lowest place); a task that ends leaves its place to the
// next task. Kernels run one after another.
#pragma once

#include <cstddef>
#include <cstdint>

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

/// Runs all tasks of a kernel, `width` at a time. Memory is O(width). REQUIRES: width >= 1, and a
/// trace that has been found legal. Progress counts the tasks started.
void run_interleaved(const Kernel& kernel, std::int64_t width, TrafficListener& listener,
                     Progress* progress = nullptr);

}  // namespace attnsim::replay
