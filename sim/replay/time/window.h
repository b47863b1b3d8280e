// The operations of the task at one place of a core that are emitted and not yet finished, and what
// each waits for.
//
// Dependences are resolved in emission order, when a record arrives: an operation waits for the one
// that wrote each of its operands, and one that overwrites a tile also for those that read it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "sim/replay/time/numbered_ring.h"
#include "sim/replay/time/op_cost.h"
#include "sim/trace/emitter.h"
#include "sim/trace/tile_op.h"

namespace attnsim::replay::time {

/// Streams that one agent's operations are cut into: its warps on each partition of the core.
inline constexpr int kMostStrands = 4;
/// Agents of a task: of a warp-specialised CTA, its warp roles.
inline constexpr int kMostAgents = 8;
inline constexpr int kMostWaits = 12;

/// An operation on its way.
struct TimedOp {
  std::array<Ps, kMostStrands> done{};  // by strand: when its result is there; kNever before
  Ps last_done = 0;                     // of the strands that are done
  Ps work = 0;                          // of one strand, on its unit
  Unit unit = Unit::none;
  std::uint8_t agent = 0;
  std::uint8_t strands = 1;
  std::uint8_t left = 1;   // strands that have not finished
  bool waited_for = true;  // its strand goes on only when it is finished
  std::uint8_t waits = 0;
  std::uint32_t iteration = 0;
  std::array<std::uint32_t, kMostWaits> wait_for{};
};

/// All that the cost of an operation of a kind depends on.
struct CostKey {
  std::int32_t m = -1, n = -1, k = -1;
  DType operands = DType::f32, result = DType::f32;
  std::uint8_t agent = 0;
  bool a_in_scratchpad = true, b_in_scratchpad = true, to_scratchpad = true;
  bool operator==(const CostKey&) const = default;
};

/// The cost of the last operation of a kind, which the next one usually shares.
struct KnownCost {
  CostKey key{};
  OpCost cost{};
};

/// What the places of a kernel use one after another.
struct Workbench {
  std::array<KnownCost, static_cast<std::size_t>(kOpCount) * 4> known{};  // by operation and flags
  Emitter::Batch batch;
};

/// How the machine and the kernel shape the operations of a task.
struct Shape {
  const Launch* launch = nullptr;
  const CoreRates* rates = nullptr;
  Workbench* bench = nullptr;
  std::array<bool, kRoleCount> in_scratchpad{};
  std::array<std::int64_t, kMostAgents> warps{};
  std::array<std::uint8_t, kMostAgents> strands{};  // of an agent
};

class Window {
 public:
  /// References `shape`. `keep_records`: of all operations, not of traffic alone.
  Window(const Shape& shape, bool keep_records)
      : shape_(shape), keep_records_(keep_records), ops_(kFirstSize), records_(kFirstSize) {}

  /// Takes the next record; false when it is no operation (structure, storage without work).
  bool append(const TileOp& record);

  TimedOp& op(std::uint32_t number) { return ops_[number]; }
  const TimedOp& op(std::uint32_t number) const { return ops_[number]; }
  /// The record of an operation that moves data, of any one for a listener.
  const TileOp& record(std::uint32_t number) const { return records_[number]; }

  std::uint32_t begin() const { return begin_; }
  std::uint32_t end() const { return end_; }
  bool empty() const { return begin_ == end_; }

  /// What a strand waits for: an operation, or the part of it that this strand itself does.
  struct Blocker {
    std::uint32_t number = 0;  // 0: nothing that is known
    bool own_part = false;
  };
  /// When everything a strand's part of an operation waits for is done; kNever: not known yet, and
  /// not before the blocker is through its unit.
  struct Readiness {
    Ps at;
    Blocker blocker;
  };
  Readiness ready(std::uint32_t number, int strand) const;
  /// Whether what blocks a strand is not through its unit yet.
  bool pending(Blocker blocker, int strand) const {
    if (blocker.number < begin_) return false;
    const TimedOp& first = op(blocker.number);
    if (blocker.own_part) return first.done[static_cast<std::size_t>(strand)] == kNever;
    return first.left != 0;
  }

  /// The time from the end of an operation on one unit to the start of the next one of its strand,
  /// or of one that depends on it, on another: filling and draining a product. Elementwise
  /// operations that follow each other are one stream of instructions.
  Ps between(Unit first, Unit second) const {
    const bool computes = first == Unit::matrix || first == Unit::vector;
    const bool one_stream = first == Unit::vector && second == Unit::vector;
    return computes && !one_stream ? shape_.rates->stage_latency : 0;
  }

  /// Forgets leading operations whose results are there at `now`, for every unit.
  void retire(Ps now);
  /// When the oldest operation can be forgotten; kNever: not known yet. REQUIRES: not empty.
  Ps retires_at() const;
  /// Iterations between the newest operation and the oldest unfinished one.
  std::uint32_t iterations_ahead() const { return empty() ? 0 : iteration_ - op(begin_).iteration; }

  OpCost last_cost{};  // of the operation appended last

 private:
  static constexpr std::uint32_t kFirstSize = 32;  // a power of two

  struct SlotState {
    std::uint32_t writer = 0;
    std::array<std::uint32_t, kMostAgents> readers{};  // last one by agent; 0: none
    /// The same of the value before, where loads run ahead into a second buffer.
    std::array<std::uint32_t, kMostAgents> earlier_readers{};
    bool in_scratchpad = true;
  };

  void wait_for(TimedOp& op, std::uint32_t number) const;
  void read(TimedOp& op, std::uint32_t slot, std::uint32_t number);
  void write(TimedOp& op, std::uint32_t slot, std::uint32_t number);
  void load(TimedOp& op, std::uint32_t slot, std::uint32_t number);
  void settle(TimedOp& op, const TileOp& record);

  const OpCost& known_cost(const TileOp& record, std::size_t agent);

  const Shape& shape_;
  bool keep_records_;
  NumberedRing<TimedOp> ops_;
  NumberedRing<TileOp> records_;
  std::array<SlotState, kMaxSlots> slots_{};
  std::size_t agents_ = 1;             // up to the highest one so far
  std::uint32_t begin_ = 1, end_ = 1;  // numbers start at 1: 0 means none
  std::uint32_t iteration_ = 0;
};

}  // namespace attnsim::replay::time
