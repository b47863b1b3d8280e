// The operations of the task at one place of a core that are emitted and not yet finished, and what
// each waits for.
//
// Dependences are resolved in emission order, when a record arrives: an operation waits for the one
// that wrote each of its operands, and one that overwrites a tile also for those that read it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "sim/replay/time/cycle.h"
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
  bool copy() const { return unit == Unit::copy_in || unit == Unit::copy_out; }
  /// A strand is through with its part, whose result is there at `at`.
  void finish(int strand, Ps at) {
    done[static_cast<std::size_t>(strand)] = at;
    last_done = std::max(last_done, at);
    --left;
  }

  std::array<Ps, kMostStrands> done{};  // by strand: when its result is there; kNever before
  Ps last_done = 0;                     // of the strands that are done
  Ps work = 0;                          // of one strand, on its unit
  Ps needed = kNever;                   // of a copy: when its result was first asked for
  Unit unit = Unit::none;
  std::uint8_t agent = 0;
  std::uint8_t strands = 1;
  std::uint8_t left = 1;    // strands that have not finished
  std::uint8_t served = 0;  // of a copy: the strand whose result the shared memories decide
  bool waited_for = true;   // its strand goes on only when it is finished
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
  CycleBook cycles;
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

  /// Whether a record is an operation: neither structure nor storage without work.
  static bool is_operation(const TileOp& record);
  /// Whether it moves data between a tensor and the core.
  static bool is_copy(const TileOp& record);

  /// Takes the next record; false when it is no operation.
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
  Readiness ready(std::uint32_t number, int strand, Ps now);
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

  // --- for repetition: see cycle.h ---

  /// Appends all that what happens next depends on, relative to `now` and to the oldest operation;
  /// but for when what the shared memories were asked for is there.
  void describe(Signature& out, Ps now) const;
  /// How far an operation is behind the oldest one; -1: it is forgotten, or none.
  std::int64_t relative(std::uint32_t number) const {
    return number < begin_ ? -1 : static_cast<std::int64_t>(number - begin_);
  }
  /// Goes on as if it were so much later.
  void shift(Ps by);
  /// A copy moves other elements.
  void set_elements(std::uint32_t number, const Elements& elements) {
    records_[number] = with_elements(records_[number], elements);
  }
  /// What the shared memories were asked for is there at another time.
  void set_answer(std::uint32_t number, Ps done);

  /// A copy that is forgotten.
  struct RetiredCopy {
    std::uint32_t number;
    Ps needed;
  };
  /// Where to list them; null: nowhere.
  void list_retired(std::vector<RetiredCopy>* list) { retired_ = list; }

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
  std::size_t agents_ = 1;  // up to the highest one so far
  std::size_t used_ = 0;    // slots, up to the highest one so far
  std::vector<RetiredCopy>* retired_ = nullptr;
  std::uint32_t begin_ = 1, end_ = 1;  // numbers start at 1: 0 means none
  std::uint32_t iteration_ = 0;
};

}  // namespace attnsim::replay::time
