// The memories that all cores share: one queue per memory, served in the order of the requests, and
// between them the caches, which decide at simulated time what reaches the memory behind them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/machine/machine_caches.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/rates.h"
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

  /// Moves the region of a traffic record, asked for by a core at `now`; requests come in the order
  /// of their times. Returns when its data have arrived (a load) or left (a store).
  Ps serve(const TileOp& record, std::int64_t core, Ps now);

  /// Bytes of a record's region, once per pass over it.
  std::uint64_t bytes_of(const TileOp& record) const;

  const std::vector<SharedLane>& lanes() const { return lanes_; }

 private:
  struct Queue {
    double read = 0, write = 0;  // picoseconds per byte
    Ps latency = 0;
    double free = 0;  // when the last request is served
  };
  struct Moved {
    std::uint64_t read = 0, written = 0;
    bool operator==(const Moved&) const = default;
  };

  Queue queue_of(const MemorySpec& memory) const;
  double serve(std::size_t lane, const Moved& moved, Ps now);
  Moved at_home() const;

  MachineSpec machine_;  // caches without a policy replaced by LRU ones
  TensorLayout layout_;
  std::size_t tensors_;
  std::optional<machine::MachineCaches> caches_;
  std::optional<std::size_t> first_cache_;
  std::vector<Queue> queues_;
  std::vector<SharedLane> lanes_;
};

}  // namespace attnsim::replay::time
