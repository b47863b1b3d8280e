// One row per operation: what it needs (operands and their shapes), what it costs (unit work, port
// bytes) and what it means on numbers. Legality checks, work counters and documentation all read
// this table; the numeric executor implements its `meaning` column, one case per row.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "sim/trace/tile_op.h"

namespace attnsim {

/// How an operation uses an operand. Port bytes follow from it: a read or a written operand passes
/// the port of its memory once, an updated one twice.
enum class Access : std::uint8_t {
  none,     // slot unused
  read,     // must hold a value
  write,    // gets a value; `kCreates` says whether the storage is new
  update,   // read and written in place
  release,  // drop
};

/// A symbolic extent, resolved by the record's m, n, k. `wide` is its hi: the columns of a tile of
/// which the operation takes a part, from column `col` on.
enum class Dim : std::uint8_t { one, m, n, k, wide };

struct Operand {
  Access access = Access::none;
  Dim rows = Dim::m;
  Dim cols = Dim::n;
};

/// Work of one unit as coefficients of mn, m, mk and mnk.
struct UnitWork {
  std::uint8_t mn = 0, m = 0, mk = 0, mnk = 0;
};

enum class OpClass : std::uint8_t { storage, traffic, compute, structure };

struct OpRow {
  Op op;
  std::string_view name;
  OpClass kind;
  std::array<Operand, 4> operands;
  UnitWork matrix;  // in multiply-adds
  UnitWork exp;     // in exponentials and logarithms
  UnitWork vector;  // in elementwise operations
  std::string_view meaning;
};

/// The table, indexed by Op.
// clang-format off
inline constexpr std::array<OpRow, kOpCount> kOpTable = [] {
  using enum Dim;
  using enum OpClass;
  constexpr auto reads = [](Dim rows, Dim cols) { return Operand{Access::read, rows, cols}; };
  constexpr auto writes = [](Dim rows, Dim cols) { return Operand{Access::write, rows, cols}; };
  constexpr auto updates = [](Dim rows, Dim cols) { return Operand{Access::update, rows, cols}; };
  return std::array<OpRow, kOpCount>{{
    {Op::alloc, "alloc", storage, {}, {}, {}, {},
     "t0 = storage for m x n elements, without a value"},
    {Op::fill, "fill", storage, {writes(m, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = value"},
    {Op::drop, "drop", storage, {Operand{Access::release, m, n}}, {}, {}, {},
     "the value and the storage of t0 end"},
    {Op::load, "load", traffic, {writes(m, n)}, {}, {}, {},
     "t0 = T[row .. row+m, col .. col+n], in new storage"},
    {Op::load_into, "load_into", traffic, {writes(m, n)}, {}, {}, {},
     "t0 = T[row .. row+m, col .. col+n], in existing storage"},
    {Op::store, "store", traffic, {Operand{}, reads(m, n)}, {}, {}, {},
     "T[row .. row+m, col .. col+n] = t1, rounded to the dtype of T"},
    {Op::store_fill, "store_fill", traffic, {}, {}, {}, {},
     "T[row .. row+m, col .. col+n] = value, without a tile"},
    {Op::move, "move", traffic, {writes(m, n), reads(m, n)}, {}, {}, {},
     "t0 = t1, in another memory or dtype"},
    {Op::accumulate, "accumulate", traffic, {Operand{}, reads(m, n)}, {}, {}, {},
     "T[row .. row+m, col .. col+n] += t1, rounded to the dtype of T: read, added and written back by "
     "the core, or sent to the memory to be added there when flagged at_memory (an atomic)"},
    {Op::matmul, "matmul", compute, {writes(m, n), reads(m, k), reads(k, n)},
     {.mnk = 1}, {}, {}, "t0 = value * op(t1) op(t2), op = transpose when flagged"},
    {Op::matmul_acc, "matmul_acc", compute, {updates(m, n), reads(m, k), reads(k, n)},
     {.mnk = 1}, {}, {}, "t0 += value * op(t1) op(t2)"},
    {Op::band, "band", compute, {updates(m, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = -inf unless lo <= c - floor((r + col) / k) <= hi"},
    {Op::softmax_local, "softmax_local", compute,
     {updates(m, n), writes(m, one), writes(m, one)}, {}, {.mn = 1}, {.mn = 3},
     "t1 = rowmax(t0); t0 = exp(t0 - t1); t2 = rowsum(t0); a row of -inf becomes 0 with t2 = 0"},
    {Op::merge_stats, "merge_stats", compute,
     {updates(m, one), updates(m, one), updates(m, one), updates(m, one)},
     {}, {.m = 2}, {.m = 6},
     "(t0, t1) = (m, l) old, (t2, t3) = (m, l) of a block: m' = max(t0, t2), "
     "l' = e^(t0-m') t1 + e^(t2-m') t3; t2 = e^(t0-m') t1 / l', t3 = e^(t2-m') / l' "
     "(0 where l' = 0); t0 = m', t1 = l'"},
    {Op::online_softmax, "online_softmax", compute,
     {updates(m, n), updates(m, one), updates(m, one), updates(m, k)},
     {}, {.mn = 1, .m = 1}, {.mn = 3, .m = 2, .mk = 1},
     "(t1, t2) = running (max, sum): m' = max(t1, rowmax(t0)), f = e^(t1-m'); t0 = e^(t0-m'); "
     "t2 = f t2 + rowsum(t0); t3 = f t3 by rows; t1 = m'"},
    {Op::softmax_step, "softmax_step", compute,
     {updates(m, n), updates(m, one), updates(m, one), writes(m, one)},
     {}, {.mn = 1, .m = 1}, {.mn = 3, .m = 2},
     "online_softmax, but f goes to t3 instead of rescaling an accumulator"},
    {Op::softmax_stats, "softmax_stats", compute,
     {reads(m, n), updates(m, one), updates(m, one)}, {}, {.mn = 1, .m = 1}, {.mn = 3, .m = 2},
     "running (max, sum) (t1, t2) take in t0, which keeps its value"},
    {Op::softmax_apply, "softmax_apply", compute,
     {updates(m, n), reads(m, one), reads(m, one)}, {}, {.mn = 1}, {.mn = 2},
     "t0 = exp(t0 - t1) / t2 by rows; 0 where t2 = 0"},
    {Op::scale_rows, "scale_rows", compute, {updates(m, n), reads(m, one)}, {}, {}, {.mn = 1},
     "t0 = t0 * t1 by rows"},
    {Op::div_rows, "div_rows", compute, {updates(m, n), reads(m, one)}, {}, {}, {.mn = 1},
     "t0 = t0 / t1 by rows; 0 where t1 = 0"},
    {Op::lse, "lse", compute, {updates(m, one), reads(m, one)}, {}, {.m = 1}, {.m = 1},
     "t0 = t0 + log(t1); -inf where t1 = 0"},
    {Op::exp_sum, "exp_sum", compute, {updates(m, n), updates(m, one)}, {}, {.mn = 1}, {.mn = 1},
     "t0 = exp(t0); t1 = t1 + rowsum(t0)"},
    {Op::hide, "hide", compute, {updates(m, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = -inf unless the workload's mask shows key col + c to query row + r"},
    {Op::matmul_cols, "matmul_cols", compute, {writes(m, wide), reads(m, k), reads(k, n)},
     {.mnk = 1}, {}, {}, "t0[:, col .. col+n] = value * op(t1) op(t2), t0 has hi columns"},
    {Op::matmul_acc_cols, "matmul_acc_cols", compute,
     {updates(m, n), reads(m, wide), reads(k, n)},
     {.mnk = 1}, {}, {}, "t0 += value * op(t1)[:, col .. col+k] op(t2), op(t1) has hi columns"},
    {Op::exp_rows, "exp_rows", compute, {updates(m, n), reads(m, one)}, {}, {.mn = 1}, {.mn = 1},
     "t0 = exp(t0 - t1) by rows; 0 where t1 = -inf"},
    {Op::row_dot_acc, "row_dot_acc", compute, {updates(m, one), reads(m, n), reads(m, n)},
     {}, {}, {.mn = 2}, "t0 += rowsum(t1 t2), elementwise product"},
    {Op::softmax_grad, "softmax_grad", compute, {updates(m, n), reads(m, n), reads(m, one)},
     {}, {}, {.mn = 2},
     "t0 = t1 (t0 - t2), elementwise, t2 by rows: dS from dP, P and D = rowsum(P dP)"},
    {Op::dropout, "dropout", compute, {updates(m, n)}, {}, {}, {.mn = 2},
     "t0[r, c] = t0[r, c] / (1 - value), or 0 where element (row + r, col + c) of the scores that "
     "belong to the rows of T is dropped by Philox4x32-10 under the seed (lo, hi)"},
    {Op::add_scaled, "add_scaled", compute, {updates(m, n), reads(m, n), reads(m, one)},
     {}, {}, {.mn = 1}, "t0 = t0 + t1 t2, t2 by rows"},
    {Op::cumsum, "cumsum", compute, {updates(m, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = t0[0, c] + .. + t0[r, c]: running sums down the rows"},
    {Op::ramp, "ramp", compute, {writes(m, one), reads(one, one)}, {}, {}, {.m = 1},
     "t0[r] = (r + value) t1: the running sums of a constant"},
    {Op::from_row, "from_row", compute, {updates(m, n), reads(one, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = value (t0[r, c] - t1[c])"},
    {Op::scale_exp, "scale_exp", compute, {updates(m, n), reads(m, k)}, {}, {.mk = 1}, {.mn = 1},
     "t0 = t0 exp(t1), elementwise, or by rows where t1 has one column (k = 1)"},
    {Op::decay_state, "decay_state", compute, {updates(m, n), reads(one, k)},
     {}, {.m = 1}, {.mn = 1},
     "t0[r, c] = t0[r, c] exp(t1[r]), or exp(t1[0]) where t1 has one column (k = 1)"},
    {Op::decay, "decay", compute, {updates(m, n), reads(m, one), reads(n, one)},
     {}, {.mn = 1}, {.mn = 2}, "t0[r, c] = t0[r, c] exp(t1[r] - t2[c])"},
    {Op::lower, "lower", compute, {updates(m, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = 0 unless c <= r"},
    {Op::multiply, "multiply", compute, {updates(m, n), reads(m, n)}, {}, {}, {.mn = 1},
     "t0 = t0 t1, elementwise"},
    {Op::gated_scores, "gated_scores", compute,
     {writes(m, m), reads(m, k), reads(m, k), reads(m, k)}, {}, {.mnk = 1}, {.mnk = 4},
     "t0[r, c] = value sum over l of t1[r, l] t2[c, l] exp(t3[r, l] - t3[c, l]) where c <= r, else "
     "0 (n = m)"},
    {Op::loop_begin, "loop_begin", structure, {}, {}, {}, {},
     "a declared loop of `row` iterations in `k` runs starts"},
    {Op::loop_next, "loop_next", structure, {}, {}, {}, {},
     "iteration with index `row` of a run of kind `col`"},
    {Op::loop_end, "loop_end", structure, {}, {}, {}, {}, "the innermost declared loop ends"},
}};
}();
// clang-format on

constexpr bool op_table_in_enum_order() {
  for (int i = 0; i < kOpCount; ++i) {
    if (kOpTable[static_cast<std::size_t>(i)].op != static_cast<Op>(i)) return false;
  }
  return true;
}
static_assert(op_table_in_enum_order(), "rows stand in the order of enum class Op");

constexpr const OpRow& op_row(Op op) { return kOpTable[static_cast<std::size_t>(op)]; }
constexpr const std::array<OpRow, kOpCount>& op_table() { return kOpTable; }

/// Evaluates one unit's work from sums over records of mn, m, mk and mnk.
struct WorkSums {
  std::uint64_t records = 0, mn = 0, m = 0, mk = 0, mnk = 0;

  bool operator==(const WorkSums&) const = default;

  std::uint64_t of(const UnitWork& unit) const {
    return unit.mn * mn + unit.m * m + unit.mk * mk + unit.mnk * mnk;
  }
};

/// Whether any unit's work of the operation depends on this coefficient.
constexpr bool needs_sum(const OpRow& row, std::uint8_t UnitWork::*part) {
  return row.matrix.*part != 0 || row.exp.*part != 0 || row.vector.*part != 0;
}

}  // namespace attnsim
