// The memories that all cores share: one queue per memory, served in the order of the requests, and
// between them the caches, which decide at simulated time what reaches the memory behind them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/machine/machine_caches.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/core.h"
#include "sim/trace/memory_use.h"
#include "sim/trace/tensor_layout.h"

namespace attnsim::replay::time {

/// What a shared memory moved.
struct SharedLane {
  std::string name;
  std::uint64_t bytes_read = 0, bytes_written = 0;
  double busy = 0;  // picoseconds
};

class MemorySystem {
 public:
  /// References the run, which outlives it.
  explicit MemorySystem(const PlannedRun& planned);
  MemorySystem(const MemorySystem&) = delete;  // the caches refer to the machine
  MemorySystem& operator=(const MemorySystem&) = delete;

  /// Moves the region of a traffic record, asked for by a core at `now`; requests come in the order
  /// of their times.
  Served serve(const TileOp& record, std::int64_t core, Ps now);

  /// Bytes of a record's region, through the core's port.
  std::uint64_t bytes_of(const TileOp& record) const;

  /// What the lanes moved since they stood at `before`.
  std::vector<SharedLane> since(const std::vector<SharedLane>& before) const;
  /// Counts `times` times more what came since the lanes stood at `before`.
  void repeat(const std::vector<SharedLane>& before, std::uint64_t times);
  /// Goes on as if it were so much later.
  void shift(Ps by);

  const std::vector<SharedLane>& lanes() const { return lanes_; }

 private:
  struct Queue {
    double read = 0, write = 0;  // picoseconds per byte
    Ps latency = 0;
    double free = 0;  // when the last request is served
  };
  struct Moved {
    std::uint64_t read = 0, written = 0;
  };

  static Queue queue_of(const MemorySpec& memory, double share);
  double serve(std::size_t lane, const Moved& moved, Ps now);

  MachineSpec machine_;  // caches without a policy replaced by LRU ones
  TensorLayout layout_;
  std::optional<machine::MachineCaches> caches_;
  std::optional<std::size_t> first_cache_;
  machine::MemoryCounts at_home_{};  // when the last request was served
  std::vector<Queue> queues_;
  std::vector<SharedLane> lanes_;
};

}  // namespace attnsim::replay::time
