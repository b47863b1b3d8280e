#include "sim/replay/time/op_cost.h"

#include <algorithm>

namespace attnsim::replay::time {
namespace {

/// Rows that a product of one warp, and of a warpgroup (wgmma), takes at least, and its columns.
constexpr std::int64_t kWarpRows = 16;
constexpr std::int64_t kGroupRows = 64;
constexpr std::int64_t kWarpCols = 8;

/// How often the operands of a product are read: A once per group of warps that share its rows, and
/// B once per group that share its columns.
struct Reads {
  double a = 1, b = 1;
  bool exchanged = false;  // A's values go to other warps than those that hold them
  bool reduced = false;    // C is summed over warps
};

Reads reads_of(const TileOp& op, bool a_in_scratchpad, const Launch& launch, std::int64_t warps) {
  if (launch.asynchronous_matrix) {
    return {.b = static_cast<double>(std::max<std::int64_t>(1, op.m / kGroupRows))};
  }
  const std::int64_t row_warps = std::clamp<std::int64_t>(op.m / kWarpRows, 1, warps);
  switch (launch.layout) {
    case WarpLayout::rows:
      return {.b = static_cast<double>(row_warps)};
    case WarpLayout::columns:
      // Scores are cut by keys, and so are the probabilities: their products over keys are summed,
      // those of their transpose (dK, dV) stay where they are.
      if (a_in_scratchpad) return {.a = static_cast<double>(warps)};
      if ((op.flags & kTransposeA) != 0) return {.b = static_cast<double>(warps)};
      return {.reduced = true};
    case WarpLayout::both:
      break;
  }
  Reads best;
  double least = 0;
  for (std::int64_t rows = 1; rows <= row_warps; rows *= 2) {
    const std::int64_t cols = warps / rows;
    if (op.n / cols < kWarpCols) continue;
    const double words = static_cast<double>(op.k) * static_cast<double>(cols * op.m + rows * op.n);
    if (least != 0 && words >= least) continue;
    least = words;
    best = {.a = static_cast<double>(cols),
            .b = static_cast<double>(rows),
            .exchanged = !a_in_scratchpad};
  }
  return best;
}

/// Bytes that pass the scratchpad's port.
double port_bytes(const TileOp& op, const OperandPlace& a, const OperandPlace& b,
                  const Launch& launch, std::int64_t warps) {
  const Reads reads = reads_of(op, a.in_scratchpad, launch, warps);
  const double operand_bytes = bits(op.operand_dtype) / 8.0;
  const auto elements = [](std::int64_t rows, std::int64_t cols) {
    return static_cast<double>(rows) * static_cast<double>(cols);
  };
  double bytes = 0;
  if (a.in_scratchpad) bytes += reads.a * elements(op.m, op.k) * operand_bytes;
  if (reads.exchanged) bytes += (1 + reads.a) * elements(op.m, op.k) * operand_bytes;
  if (b.in_scratchpad) bytes += reads.b * elements(op.k, op.n) * operand_bytes;
  if (!b.in_scratchpad) bytes += (1 + reads.b) * elements(op.k, op.n) * operand_bytes;
  if (reads.reduced) bytes += 2 * static_cast<double>(warps) * elements(op.m, op.n) * 4;
  return bytes;
}

double work(const UnitWork& unit, const TileOp& op) {
  const double m = op.m;
  const double n = op.n;
  const double k = op.k;
  return unit.mn * m * n + unit.m * m + unit.mk * m * k + unit.mnk * m * n * k;
}

/// Elementwise operations beside those of the table. Results that a product takes next are rounded
/// to its operands' type, one conversion an element; a mask is an index and a comparison before it
/// is a selection.
double instructions_beside(const TileOp& op) {
  switch (op.op) {
    case Op::softmax_local:
    case Op::online_softmax:
    case Op::softmax_step:
    case Op::softmax_apply:
    case Op::exp_sum:
    case Op::exp_rows:
    case Op::softmax_grad:
    case Op::scale_exp:
    case Op::multiply:
    case Op::gated_scores:
      return static_cast<double>(op.m) * op.n;
    case Op::dropout:  // ten rounds of Philox, some 8 instructions each, give the bits of 8
                       // elements
      return 10 * static_cast<double>(op.m) * op.n;
    case Op::hide:
    case Op::band:
    case Op::lower:
      return 2 * static_cast<double>(op.m) * op.n;
    default:
      return 0;
  }
}

}  // namespace

double contended(double a, double b, double contention) {
  return std::max(a, b) + contention * std::min(a, b);
}

OpCost cost_of(const TileOp& op, const OperandPlace& a, const OperandPlace& b, const Launch& launch,
               std::int64_t warps, const CoreRates& rates, bool to_scratchpad) {
  const OpRow& row = op_row(op.op);
  if (op.m < launch.least_rows) {
    TileOp filled = op;
    filled.m = static_cast<std::int32_t>(launch.least_rows);
    return cost_of(filled, a, b, launch, warps, rates, to_scratchpad);
  }
  OpCost cost;
  if (row.matrix.mnk != 0) {
    const double path = launch.asynchronous_matrix ? 1 : rates.synchronous_matrix;
    cost.unit = Unit::matrix;
    cost.matrix = 2 * work(row.matrix, op) * rates.matrix_ps(op.operand_dtype) / path;
    cost.port = port_bytes(op, a, b, launch, warps) * rates.port;
    cost.busy = contended(cost.matrix, rates.port_share * cost.port, rates.contention);
    return cost;
  }
  cost.unit = Unit::vector;
  if (op.op == Op::move) {  // rounded where it was made; into the scratchpad it passes the port
    const bool written = (op.flags & kCreates) != 0 && to_scratchpad;
    if (written) cost.port = static_cast<double>(op.m) * op.n * bits(op.dtype) / 8.0 * rates.port;
    cost.busy = rates.port_share * cost.port;
    return cost;
  }
  cost.exp = work(row.exp, op) * rates.exp;
  cost.vector = (work(row.vector, op) + instructions_beside(op)) * rates.vector;
  cost.busy = cost.exp + cost.vector;
  return cost;
}

}  // namespace attnsim::replay::time
