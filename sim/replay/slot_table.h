// The tiles of the running task, and whether an operation on them is legal.
#pragma once

#include <array>
#include <cstdint>
#include <string>

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
};

/// Follows creations, writes and drops of one task and throws TraceError at the first operation on a
/// tile that is not resident, has no value, or has another shape than the operation table asks for.
class SlotTable {
 public:
  /// `tensors` names tiles in errors and bounds traffic; it outlives the table.
  explicit SlotTable(const std::vector<TensorDecl>& tensors) : tensors_(tensors) {}

  /// Checks `op` against the table and applies its effect on slots, except that a released slot
  /// stays readable through slot() until the next call. `number` counts the task's operations.
  void apply(const TileOp& op, std::uint64_t number) {
    if (op.flags & kCreates) create(op, number);
    const OpRow& row = rows_[static_cast<std::size_t>(op.op)];
    const std::int32_t dims[] = {1, op.m, op.n, op.k};
    for (std::size_t i = 0; i < row.operands.size(); ++i) {
      const Operand& operand = row.operands[i];
      if (operand.access == Access::none) continue;
      const std::uint32_t at = op.t[i];
      std::int32_t rows = dims[static_cast<std::size_t>(operand.rows)];
      std::int32_t cols = dims[static_cast<std::size_t>(operand.cols)];
      if ((i == 1 && (op.flags & kTransposeA)) || (i == 2 && (op.flags & kTransposeB))) {
        std::swap(rows, cols);
      }
      if (at >= slots_.size() || !slots_[at].live) fail(op, number, i);
      use(op, number, i, operand.access, rows, cols);
    }
    if (row.kind == OpClass::traffic) check_region(op, number);
  }

  const Slot& slot(std::uint32_t at) const { return slots_[at]; }

  /// Between tasks. Throws when a tile is still live.
  void finish_task(std::uint64_t number);
  /// After an abandoned task.
  void clear();

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

  void use(const TileOp& op, std::uint64_t number, std::size_t i, Access access, std::int32_t rows,
           std::int32_t cols) {
    Slot& slot = slots_[op.t[i]];
    switch (access) {
      case Access::write:
        if (rows > slot.storage_rows || cols > slot.storage_cols) fail(op, number, i);
        slot.rows = rows;
        slot.cols = cols;
        slot.written = true;
        slot.origin = row_kind(op) == OpClass::traffic && op.op != Op::move ? op.tensor
                                                                           : Slot::kNoTensor;
        break;
      case Access::release:
        slot.live = false;
        --live_;
        break;
      default:
        if (!slot.written || slot.rows != rows || slot.cols != cols) fail(op, number, i);
    }
  }

  OpClass row_kind(const TileOp& op) const { return rows_[static_cast<std::size_t>(op.op)].kind; }

  void check_region(const TileOp& op, std::uint64_t number) const {
    if (op.op == Op::move) return;
    if (op.tensor >= tensors_.size()) fail_region(op, number);
    const TensorDecl& t = tensors_[op.tensor];
    if (op.row < 0 || op.row + op.m > t.planes * t.rows || op.col < 0 || op.col + op.n > t.cols) {
      fail_region(op, number);
    }
  }

  [[noreturn]] void fail(const TileOp& op, std::uint64_t number, std::size_t operand) const;
  [[noreturn]] void fail_region(const TileOp& op, std::uint64_t number) const;

  const std::vector<TensorDecl>& tensors_;
  const OpRow* rows_ = op_table().data();
  std::array<Slot, kMaxSlots> slots_{};
  int live_ = 0;
};

}  // namespace attnsim::replay
