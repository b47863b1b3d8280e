#include "sim/trace/file/record_check.h"

#include <algorithm>
#include <cmath>

#include "sim/trace/file/names.h"
#include "sim/trace/op_table.h"

namespace attnsim::trace_file {
namespace {

bool uses_k(const OpRow& row) {
  return row.op == Op::band || std::ranges::any_of(row.operands, [](const Operand& operand) {
           return operand.access != Access::none &&
                  (operand.rows == Dim::k || operand.cols == Dim::k);
         });
}

std::string shape_fault(const TileOp& op, const OpRow& row) {
  const bool sized = row.kind != OpClass::structure;
  const std::int32_t least = sized ? 1 : 0;
  if (op.m < least || op.n < least || op.k < (sized && uses_k(row) ? 1 : 0)) {
    return "m=" + std::to_string(op.m) + " n=" + std::to_string(op.n) +
           " k=" + std::to_string(op.k) + " is no shape";
  }
  return {};
}

bool changes(const TileOp& op, const OpRow& row, std::size_t i) {
  const Access access = row.operands[i].access;
  return access == Access::write || access == Access::update ||
         (i == 0 && (op.flags & kCreates) != 0);
}

std::string slot_fault(const TileOp& op, const OpRow& row) {
  for (std::size_t i = 0; i < row.operands.size(); ++i) {
    if (op.t[i] >= kMaxSlots && op.t[i] != kNoSlot) {
      return "slot " + std::to_string(op.t[i]) + ", the last is " + std::to_string(kMaxSlots - 1);
    }
    if (!changes(op, row, i)) continue;
    for (std::size_t j = 0; j < row.operands.size(); ++j) {
      if (j != i && row.operands[j].access != Access::none && op.t[i] == op.t[j]) {
        return "t" + std::to_string(std::min(i, j)) + " and t" + std::to_string(std::max(i, j)) +
               " are the same slot, and one of them is changed";
      }
    }
  }
  return {};
}

}  // namespace

std::string record_fault(const TileOp& op, std::size_t tensors) {
  const OpRow& row = op_row(op.op);
  const std::string name = std::string(row.name) + ": ";
  if ((op.flags >> flag_names().size()) != 0) {
    return name + "flags " + std::to_string(op.flags) + " have a bit without a meaning";
  }
  if (op.tensor >= tensors && (row.kind == OpClass::traffic || op.tensor != 0)) {
    return name + "tensor " + std::to_string(op.tensor) + ", there are " + std::to_string(tensors);
  }
  if (std::isnan(op.value)) return name + "the value is not a number";
  if (std::string fault = shape_fault(op, row); !fault.empty()) return name + fault;
  if (std::string fault = slot_fault(op, row); !fault.empty()) return name + fault;
  if (!position_in_range(op)) {
    return name + "row " + std::to_string(op.row) + ", column " + std::to_string(op.col) +
           " is out of range";
  }
  return {};
}

}  // namespace attnsim::trace_file
