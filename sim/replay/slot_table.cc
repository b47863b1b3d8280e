#include "sim/replay/slot_table.h"

namespace attnsim::replay {
namespace {

std::string extent(std::int64_t rows, std::int64_t cols) {
  return std::to_string(rows) + " x " + std::to_string(cols);
}

}  // namespace

void SlotTable::copy_live(Live& to) const {
  to.clear();
  for (std::uint32_t at = 0; at < slots_.size(); ++at) {
    if (slots_[at].live) to.emplace_back(at, slots_[at]);
  }
}

void SlotTable::finish_task(std::uint64_t number) {
  if (live_ == 0) return;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    if (!slots_[i].live) continue;
    throw TraceError("after op " + std::to_string(number) + ": tile in slot " + std::to_string(i) +
                     " (" + extent(slots_[i].rows, slots_[i].cols) +
                     ") is still live at the end of the task");
  }
}

void SlotTable::fail(const TileOp& op, std::uint64_t number, std::size_t operand) const {
  const OpRow& row = op_row(op.op);
  const std::uint32_t at = op.t[operand];
  std::string text = "op " + std::to_string(number) + " '" + std::string(row.name) + "': tile t" +
                     std::to_string(operand);
  if (at >= slots_.size()) throw TraceError(text + " was dropped or moved from");
  const Slot& slot = slots_[at];
  text += " (slot " + std::to_string(at);
  if (slot.origin != Slot::kNoTensor) text += ", last loaded from " + tensors_[slot.origin].name;
  text += ")";
  if (op.m <= 0 || op.n <= 0) throw TraceError(text + " would have no elements");
  if (op.flags & kCreates && operand == 0 && slot.live) {
    throw TraceError(text + " is created in storage that is in use");
  }
  if (!slot.live)
    throw TraceError(text + " is not resident: used after its drop or before its load");
  const Access access = row.operands[operand].access;
  if (access != Access::write && !slot.written)
    throw TraceError(text + " is read but never written");
  throw TraceError(text + " is " +
                   (access == Access::write ? extent(slot.storage_rows, slot.storage_cols)
                                            : extent(slot.rows, slot.cols)) +
                   " and does not match the operation's m=" + std::to_string(op.m) +
                   " n=" + std::to_string(op.n) + " k=" + std::to_string(op.k));
}

void SlotTable::fail_region(const TileOp& op, std::uint64_t number) const {
  const bool known = op.tensor < tensors_.size();
  throw TraceError("op " + std::to_string(number) + " '" + std::string(op_row(op.op).name) +
                   "': " + extent(op.m, op.n) + " elements at row " + std::to_string(op.row) +
                   ", column " + std::to_string(op.col) + " lie outside tensor " +
                   (known ? tensors_[op.tensor].name : std::to_string(op.tensor)));
}

}  // namespace attnsim::replay
