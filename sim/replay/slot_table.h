// The tiles of the running task, and whether an operation on them is legal.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/trace/op_table.h"
#include "sim/trace/program.h"
#include "sim/trace/tile_op.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {

/// Storage and value of one slot. The value may be smaller than the storage.
struct Slot {
  std::int32_t storage_rows = 0, storage_cols = 0;
  std::int32_t rows = 0, cols = 0;
  std::uint16_t origin = kNoTensor;  // the tensor the value was loaded from
  Role role = Role::operand;
  DType dtype = DType::f32;
  bool live = false;
  bool written = false;

  static constexpr std::uint16_t kNoTensor = 0xffff;
  bool operator==(const Slot&) const = default;
};

/// Follows creations, writes and drops of one task and throws TraceError at the first operation on
/// a tile that is not resident, has no value, or has another shape than the operation table asks
/// for.
class SlotTable {
 public:
  /// `tensors` names tiles in errors and bounds traffic; it outlives the table.
  explicit SlotTable(const std::vector<TensorDecl>& tensors) : tensors_(tensors) {}

  /// Checks `op`, a record of kind kOp, against the table and applies its effect on slots. A
  /// released slot stays readable through slot(). `number` counts the task's operations.
  template <Op kOp>
  void apply(const TileOp& op, std::uint64_t number) {
    constexpr OpRow kRow = op_row(kOp);
    if (op.flags & kCreates) create(op, number);
    use<kRow.operands[0], kRow.kind, 0>(op, number);
    use<kRow.operands[1], kRow.kind, 1>(op, number);
    use<kRow.operands[2], kRow.kind, 2>(op, number);
    use<kRow.operands[3], kRow.kind, 3>(op, number);
    if constexpr (kOp == Op::move) {
      slots_[op.t[0]].origin = slots_[op.t[1]].origin;
    } else if constexpr (kRow.kind == OpClass::traffic) {
      check_region(op, number);
    } else if constexpr (kOp == Op::dropout) {
      check_rows(op, number);
    }
  }

  const Slot& slot(std::uint32_t at) const { return slots_[at]; }

  /// The live slots with their numbers: all of the state that later records depend on.
  using Live = std::vector<std::pair<std::uint32_t, Slot>>;
  void copy_live(Live& to) const;

  /// Between tasks. Throws when a tile is still live.
  void finish_task(std::uint64_t number);

 private:
  void create(const TileOp& op, std::uint64_t number) {
    if (op.t[0] >= slots_.size() || slots_[op.t[0]].live || op.m <= 0 || op.n <= 0) {
      fail(op, number, 0);
    }
    Slot& slot = slots_[op.t[0]];
    slot.storage_rows = slot.rows = op.m;
    slot.storage_cols = slot.cols = op.n;
    slot.origin = Slot::kNoTensor;
    slot.role = op.role;
    slot.dtype = op.dtype;
    slot.live = true;
    slot.written = false;
    ++live_;
  }

  template <Operand kOperand, OpClass kKind, std::size_t kAt>
  void use(const TileOp& op, std::uint64_t number) {
    if constexpr (kOperand.access != Access::none) {
      const std::uint32_t at = op.t[kAt];
      if (at >= slots_.size() || !slots_[at].live) fail(op, number, kAt);
      Slot& slot = slots_[at];
      if constexpr (kOperand.access == Access::release) {
        slot.live = false;
        --live_;
      } else {
        const auto [rows, cols] = shape<kOperand, kAt>(op);
        if constexpr (kOperand.cols == Dim::wide) {
          const std::int64_t part = kAt == 0 ? op.n : op.k;
          if (op.col < 0 || op.col + part > op.hi) fail(op, number, kAt);
        }
        if constexpr (kOperand.access == Access::write) {
          if (rows > slot.storage_rows || cols > slot.storage_cols) fail(op, number, kAt);
          slot.rows = rows;
          slot.cols = cols;
          slot.written = true;
          if constexpr (kKind == OpClass::traffic) slot.origin = op.tensor;
        } else {
          if (!slot.written || slot.rows != rows || slot.cols != cols) fail(op, number, kAt);
        }
      }
    }
  }

  struct Shape {
    std::int32_t rows, cols;
  };

  template <Operand kOperand, std::size_t kAt>
  static Shape shape(const TileOp& op) {
    const std::int32_t dims[] = {1, op.m, op.n, op.k, op.hi};
    const std::int32_t rows = dims[static_cast<std::size_t>(kOperand.rows)];
    const std::int32_t cols = dims[static_cast<std::size_t>(kOperand.cols)];
    constexpr std::uint8_t kFlip = kAt == 1 ? kTransposeA : kAt == 2 ? kTransposeB : 0;
    if constexpr (kFlip != 0) {
      if (op.flags & kFlip) return {cols, rows};
    }
    return {rows, cols};
  }

  void check_region(const TileOp& op, std::uint64_t number) const {
    check_rows(op, number);
    if (op.col + op.n > tensors_[op.tensor].cols) fail_region(op, number);
  }

  void check_rows(const TileOp& op, std::uint64_t number) const {
    if (op.tensor >= tensors_.size()) fail_region(op, number);
    const TensorDecl& t = tensors_[op.tensor];
    if (op.row < 0 || op.row + op.m > t.planes * t.rows || op.col < 0) fail_region(op, number);
  }

  [[noreturn]] void fail(const TileOp& op, std::uint64_t number, std::size_t operand) const;
  [[noreturn]] void fail_region(const TileOp& op, std::uint64_t number) const;

  const std::vector<TensorDecl>& tensors_;
  std::array<Slot, kMaxSlots> slots_{};
  int live_ = 0;
};

/// Calls `handle.template operator()<kOp>(op)` for the kind of the record: one indirect call, and
/// the table's row is a constant inside.
template <typename Handle>
void dispatch(const TileOp& op, Handle& handle) {
  using Call = void (*)(Handle&, const TileOp&);
  static constexpr auto kCalls = []<std::size_t... kOps>(std::index_sequence<kOps...>) {
    return std::array<Call, kOpCount>{
        [](Handle& h, const TileOp& o) { h.template operator()<static_cast<Op>(kOps)>(o); }...};
  }
  (std::make_index_sequence<kOpCount>{});
  kCalls[static_cast<std::size_t>(op.op)](handle, op);
}

}  // namespace attnsim::replay
