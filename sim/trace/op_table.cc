#include "sim/trace/op_table.h"

namespace attnsim {
namespace {

constexpr Operand read(Dim rows, Dim cols) { return {Access::read, rows, cols}; }
constexpr Operand write(Dim rows, Dim cols) { return {Access::write, rows, cols}; }
constexpr Operand update(Dim rows, Dim cols) { return {Access::update, rows, cols}; }

constexpr Dim one = Dim::one, m = Dim::m, n = Dim::n, k = Dim::k;

constexpr auto kStorage = OpClass::storage;
constexpr auto kTraffic = OpClass::traffic;
constexpr auto kCompute = OpClass::compute;
constexpr auto kStructure = OpClass::structure;

// clang-format off
constexpr std::array<OpRow, kOpCount> kTable = {{
    {Op::alloc, "alloc", kStorage, {}, {}, {}, {},
     "t0 = storage for m x n elements, without a value"},
    {Op::fill, "fill", kStorage, {write(m, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = value"},
    {Op::drop, "drop", kStorage, {Operand{Access::release, m, n}}, {}, {}, {},
     "the value and the storage of t0 end"},
    {Op::load, "load", kTraffic, {write(m, n)}, {}, {}, {},
     "t0 = T[row .. row+m, col .. col+n], in new storage"},
    {Op::load_into, "load_into", kTraffic, {write(m, n)}, {}, {}, {},
     "t0 = T[row .. row+m, col .. col+n], in existing storage"},
    {Op::store, "store", kTraffic, {Operand{}, read(m, n)}, {}, {}, {},
     "T[row .. row+m, col .. col+n] = t1, rounded to the dtype of T"},
    {Op::store_fill, "store_fill", kTraffic, {}, {}, {}, {},
     "T[row .. row+m, col .. col+n] = value, without a tile"},
    {Op::move, "move", kTraffic, {write(m, n), read(m, n)}, {}, {}, {},
     "t0 = t1, in another memory or dtype"},
    {Op::matmul, "matmul", kCompute, {write(m, n), read(m, k), read(k, n)},
     {.mnk = 1}, {}, {}, "t0 = value * op(t1) op(t2), op = transpose when flagged"},
    {Op::matmul_acc, "matmul_acc", kCompute, {update(m, n), read(m, k), read(k, n)},
     {.mnk = 1}, {}, {}, "t0 += value * op(t1) op(t2)"},
    {Op::band, "band", kCompute, {update(m, n)}, {}, {}, {.mn = 1},
     "t0[r, c] = -inf unless lo <= c - floor((r + col) / k) <= hi"},
    {Op::softmax_local, "softmax_local", kCompute,
     {update(m, n), write(m, one), write(m, one)}, {}, {.mn = 1}, {.mn = 3},
     "t1 = rowmax(t0); t0 = exp(t0 - t1); t2 = rowsum(t0); a row of -inf becomes 0 with t2 = 0"},
    {Op::merge_stats, "merge_stats", kCompute,
     {update(m, one), update(m, one), update(m, one), update(m, one)}, {}, {.m = 2}, {.m = 6},
     "(t0, t1) = (m, l) old, (t2, t3) = (m, l) of a block: m' = max(t0, t2), "
     "l' = e^(t0-m') t1 + e^(t2-m') t3; t2 = e^(t0-m') t1 / l', t3 = e^(t2-m') / l' "
     "(0 where l' = 0); t0 = m', t1 = l'"},
    {Op::online_softmax, "online_softmax", kCompute,
     {update(m, n), update(m, one), update(m, one), update(m, k)},
     {}, {.mn = 1, .m = 1}, {.mn = 3, .m = 2, .mk = 1},
     "(t1, t2) = running (max, sum): m' = max(t1, rowmax(t0)), f = e^(t1-m'); t0 = e^(t0-m'); "
     "t2 = f t2 + rowsum(t0); t3 = f t3 by rows; t1 = m'"},
    {Op::softmax_step, "softmax_step", kCompute,
     {update(m, n), update(m, one), update(m, one), write(m, one)},
     {}, {.mn = 1, .m = 1}, {.mn = 3, .m = 2},
     "online_softmax, but f goes to t3 instead of rescaling an accumulator"},
    {Op::softmax_stats, "softmax_stats", kCompute,
     {read(m, n), update(m, one), update(m, one)}, {}, {.mn = 1, .m = 1}, {.mn = 3, .m = 2},
     "running (max, sum) (t1, t2) take in t0, which keeps its value"},
    {Op::softmax_apply, "softmax_apply", kCompute,
     {update(m, n), read(m, one), read(m, one)}, {}, {.mn = 1}, {.mn = 2},
     "t0 = exp(t0 - t1) / t2 by rows; 0 where t2 = 0"},
    {Op::scale_rows, "scale_rows", kCompute, {update(m, n), read(m, one)}, {}, {}, {.mn = 1},
     "t0 = t0 * t1 by rows"},
    {Op::div_rows, "div_rows", kCompute, {update(m, n), read(m, one)}, {}, {}, {.mn = 1},
     "t0 = t0 / t1 by rows; 0 where t1 = 0"},
    {Op::lse, "lse", kCompute, {update(m, one), read(m, one)}, {}, {.m = 1}, {.m = 1},
     "t0 = t0 + log(t1); -inf where t1 = 0"},
    {Op::loop_begin, "loop_begin", kStructure, {}, {}, {}, {},
     "a declared loop of `row` iterations in `k` runs starts"},
    {Op::loop_next, "loop_next", kStructure, {}, {}, {}, {},
     "iteration with index `row` of a run of kind `col`"},
    {Op::loop_end, "loop_end", kStructure, {}, {}, {}, {}, "the innermost declared loop ends"},
}};
// clang-format on

constexpr bool in_enum_order() {
  for (int i = 0; i < kOpCount; ++i) {
    if (kTable[static_cast<std::size_t>(i)].op != static_cast<Op>(i)) return false;
  }
  return true;
}
static_assert(in_enum_order(), "rows stand in the order of enum class Op");

}  // namespace

std::span<const OpRow, kOpCount> op_table() { return kTable; }

}  // namespace attnsim
