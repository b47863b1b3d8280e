// The first reading of a trace: bytes and words per boundary and tensor, footprint, unit work.
//
// Counts are exact integers of what the trace says. Every boundary between the memory a tile lives
// in and the tensor's home sees the same bytes; what a simulated cache keeps back is taken off
// afterwards (cache_counts.h).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/core/result.h"
#include "sim/machine/hierarchy.h"
#include "sim/replay/slot_table.h"
#include "sim/replay/task_sink.h"
#include "sim/replay/totals.h"
#include "sim/trace/target.h"

namespace attnsim::replay {

/// Bytes moved between a tensor and tiles in one memory. Initial stores come from where operands
/// live.
struct TensorFlow {
  std::size_t tensor = 0;
  std::size_t space = 0;  // index into MachineSpec::memories
  std::uint64_t read_bytes = 0, written_bytes = 0;
};

/// Counts one program on one machine. References everything it is made from.
class Counter final : public TaskSink {
 public:
  Counter(const Program& program, const MachineSpec& machine, const Target& target);

  void begin_task(const Kernel& kernel, std::int64_t task) override;
  void consume(std::span<const TileOp> ops) override;
  void end_task() override;

  /// io rows by memory (outermost first) and tensor, each memory closed by its total.
  std::vector<IoRow> io(int word_bits) const;

  /// Which memories the tiles of each tensor lay in, and what moved between them and the tensor.
  std::vector<TensorFlow> flows() const;

  /// One row per explicitly managed memory in use, inner to outer, then the home memory with all
  /// tensors in it.
  std::vector<FootprintRow> footprint(int word_bits) const;

  WorkSummary work() const;

  /// Of the tensors and of the tiles kept so far.
  int smallest_element_bits() const { return static_cast<int>(smallest_bits_); }

  /// All counts so far but the peaks, and what else later records depend on.
  const Totals& totals() const { return totals_; }
  const SlotTable& slots() const { return slots_; }
  /// Counts `period`, a difference of totals, once more for each of `times` repetitions that were
  /// left out of the trace. Peaks do not change: a repetition reaches what its original reached.
  void repeat(const Totals& period, std::uint64_t times);

 private:
  struct Occupation {
    std::uint64_t live = 0, peak = 0;
    std::array<std::uint64_t, kMaxSlots> largest{};
  };

  struct BitCounts {
    std::uint64_t read = 0, written = 0, init = 0;
  };
  /// Bits by memory and tensor (one past the last: values of no tensor).
  using Boundaries = std::vector<std::vector<BitCounts>>;

  std::uint64_t slot_bits(const Slot& slot) const {
    return static_cast<std::uint64_t>(slot.storage_rows) *
           static_cast<std::uint64_t>(slot.storage_cols) *
           element_bits_[static_cast<std::size_t>(slot.dtype)];
  }
  void occupy(std::uint32_t at);
  void release(std::uint32_t at);
  template <Op kOp>
  void count(const TileOp& op);
  template <Op kOp>
  void add_work(const TileOp& op);
  template <Op kOp>
  void count_traffic(const TileOp& op);
  void count_port(const TileOp& op);
  void count_move(const TileOp& op);
  Boundaries boundaries() const;
  void add_path(Boundaries& to, std::size_t tensor, std::size_t from, std::size_t dest,
                std::uint64_t bits) const;
  FootprintRow home_footprint(int word_bits) const;

  const Program& program_;
  const MachineSpec& machine_;
  machine::Hierarchy hierarchy_;
  SlotTable slots_;
  std::array<std::uint64_t, kDTypeCount> element_bits_{};
  std::uint64_t smallest_bits_ = 0;
  std::array<std::size_t, kRoleCount> space_{};
  Totals totals_;
  std::uint64_t number_ = 0;            // operations of the running task
  std::vector<Occupation> occupation_;  // by memory
};

}  // namespace attnsim::replay
