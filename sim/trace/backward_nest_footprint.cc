// What nests of the backward pass hold, and what their kernels cost.
#include <algorithm>

#include "sim/trace/backward_nest.h"
#include "sim/trace/mask.h"

namespace attnsim {
namespace {

using Kind = BackwardNest::Kind;
using Moment = std::vector<TileShape>;

std::uint64_t u64(std::int64_t n) { return static_cast<std::uint64_t>(n); }

TileShape result(std::int64_t rows, std::int64_t cols) {
  return {Role::accumulator, DType::f32, rows, cols};
}
TileShape statistics(std::int64_t rows, std::int64_t cols) {
  return {Role::vector, DType::f32, rows, cols};
}

/// Both together, and no empty tiles.
Moment joined(Moment first, const Moment& second) {
  first.insert(first.end(), second.begin(), second.end());
  std::erase_if(first, [](const TileShape& tile) { return tile.rows == 0 || tile.cols == 0; });
  return first;
}

/// While D of Br rows is found; while a score tile is formed; with P and dS; with what dS gives.
std::vector<Moment> held_by_keys(const Workload& w, const BackwardNest& nest) {
  const auto [d, dv] = std::pair(w.head_dim, w.head_dim_v);
  const auto [Br, Bc] = std::pair(nest.Br, nest.Bc);
  const auto in = [&w](std::int64_t rows, std::int64_t cols) {
    return TileShape{Role::operand, w.dtype, rows, cols};
  };
  const Moment held = {in(Bc, d + dv), result(Bc, dv), result(nest.dk_held ? Bc : 0, d)};
  const std::int64_t q = nest.dk_held ? d : 0;  // stays for dK
  const bool adds = nest.kind == Kind::keys_outside;
  return {joined(held, {in(Br, 2 * dv), statistics(Br, 1)}),
          joined(held, {in(Br, dv + d), statistics(Br, 1), result(Br, Bc)}),
          joined(held, {in(Br, dv + q), statistics(Br, 1), result(Br, 2 * Bc)}),
          joined(held, {result(Br, adds ? Bc + d : 0)})};
}

/// While D is found; then K with P and dS, and dK and dV of its keys in its place.
std::vector<Moment> held_by_rows(const Workload& w, const BackwardNest& nest) {
  const auto [d, dv] = std::pair(w.head_dim, w.head_dim_v);
  const auto [Br, Bc] = std::pair(nest.Br, nest.Bc);
  const auto in = [&w](std::int64_t rows, std::int64_t cols) {
    return TileShape{Role::operand, w.dtype, rows, cols};
  };
  const Moment held = {in(Br, d + dv), result(Br, d), statistics(Br, 2)};
  return {{in(Br, 2 * dv), statistics(Br, 1)},
          joined(held, {in(Bc, dv), result(Br, Bc)}),
          joined(held, {in(Bc, d), result(Br, 2 * Bc)}),
          joined(held, {result(Bc, dv), result(Br, 2 * Bc)}),
          joined(held, {result(Bc, d), result(Br, Bc)})};
}

/// A step of the product, and a strip that meets P.
std::vector<Moment> held_by_scores(const Workload& w, const ScoreTiles& t, std::int64_t width,
                                   bool reads_p) {
  const auto in = [&w](std::int64_t rows, std::int64_t cols) {
    return TileShape{Role::operand, w.dtype, rows, cols};
  };
  const Moment held = {statistics(t.rows, 1), in(t.rows, t.columns),
                       result(t.rows, std::min(t.width(), w.seqlen_kv))};
  std::vector<Moment> moments = {
      joined(held, {in(t.columns < width ? t.rows : 0, 1), in(t.keys, 1)})};
  if (reads_p) moments.push_back(joined(held, {in(t.rows, t.keys)}));
  return moments;
}

}  // namespace

std::vector<Moment> BackwardCosts::footprint(const BackwardNest& nest) const {
  if (nest.kind == Kind::rows_outside) return held_by_rows(w_, nest);
  std::vector<Moment> moments;
  const auto add = [&moments](const std::vector<Moment>& more) {
    moments.insert(moments.end(), more.begin(), more.end());
  };
  if (nest.kind == Kind::stored) {
    add({{{Role::operand, w_.dtype, 2, 1}, statistics(1, 1)}});  // D, an element at a time
    add(held_by_scores(w_, nest.p, w_.head_dim, false));
    add(held_by_scores(w_, nest.d_s, w_.head_dim_v, true));
    add({ProductKernel::footprint(w_.dtype, nest.d_v)});
  } else {
    add(held_by_keys(w_, nest));
  }
  if (!nest.dk_held) add({ProductKernel::footprint(w_.dtype, nest.d_k)});
  if (nest.kind != Kind::keys_outside) add({ProductKernel::footprint(w_.dtype, nest.d_q)});
  return moments;
}

std::uint64_t BackwardCosts::words(const BackwardNest& nest) const {
  std::uint64_t sum = 0;
  for (const ClosedFormTerm& term : closed_form(nest)) sum += term.read + term.written;
  return sum;
}

std::uint64_t BackwardCosts::footprint_words(const BackwardNest& nest) const {
  std::uint64_t most = 0;
  for (const Moment& moment : footprint(nest)) {
    std::uint64_t sum = 0;
    for (const TileShape& tile : moment) sum += u64(tile.rows * tile.cols);
    most = std::max(most, sum);
  }
  return most;
}

BackwardCosts::KernelCost BackwardCosts::scores(const ScoreTiles& t, std::int64_t width,
                                                bool reads_p) const {
  const std::int64_t Nk = w_.seqlen_kv;
  const std::int64_t step = (t.columns < width ? t.rows : 0) + t.keys;
  const std::int64_t strip = reads_p ? t.rows * t.keys : 0;
  const std::int64_t loads = rows_ * (t.columns + (width - t.columns) * ceil_div(Nk, t.width())) +
                             Nk * width * ceil_div(rows_, t.rows);
  return {
      .words = u64(rows_ + loads + rows_ * Nk * (reads_p ? 2 : 1)),
      .footprint = u64(t.rows * (1 + t.columns + std::min(t.width(), Nk)) + std::max(step, strip))};
}

BackwardCosts::KernelCost BackwardCosts::product(const ProductTiles& t, std::int64_t m,
                                                 std::int64_t n, std::int64_t depth) {
  return {.words = u64(m * depth * ceil_div(n, t.cols) + depth * n * ceil_div(m, t.rows) + m * n),
          .footprint = u64(t.rows * t.cols + t.rows + t.cols)};
}

}  // namespace attnsim
