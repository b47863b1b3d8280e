// Row fusion as in FLAT: Kao et al., arXiv 2107.06419. R whole rows of scores stay on chip, so that
// their softmax needs no running statistics; K and V stream past once for each group of rows.
//
//     for i: load Q_i
//       for j: load K_j; S[:, j] = scale Q_i K_j^T          S is R x N and stays
//       P = softmax(S) by rows
//       for j: load V_j; O += P[:, j] V_j
//       store O_i
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "flat",
      .summary = "whole rows of scores on chip, keys and values streamed once per group of rows",
      .source = "Kao et al. 2021 (FLAT), arXiv 2107.06419; loop nest reconstructed",
      .tiles = {{"R", "query rows of a group"}, {"Bc", "keys of a step"}},
      .params = {},
      .block_masks = true,
  };
}

class Tiles final : public TileModel {
 public:
  Tiles(const Workload& w, const Target& target) : w_(w), target_(target), counts_(w) {}

  TileSizes limits() const override { return {w_.seqlen_q, w_.seqlen_kv}; }

  /// The most rows beside one key: R (N + d + 2) + d <= M.
  TileSizes paper() const override {
    const auto m = static_cast<std::int64_t>(target_.capacity_words(Role::operand));
    const std::int64_t size = (m - w_.head_dim) / (w_.seqlen_kv + w_.head_dim + 2);
    return {std::clamp<std::int64_t>(size, 1, w_.seqlen_q), 1};
  }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [R, Bc] = t;
    const TileShape scores{Role::accumulator, DType::f32, R, w_.seqlen_kv};
    return target_.peak({{scores,
                          {Role::operand, w_.dtype, R, w_.head_dim},    // Q
                          {Role::operand, w_.dtype, Bc, w_.head_dim}},  // K
                         {scores,
                          {Role::vector, DType::f32, R, 2},                   // m, l
                          {Role::accumulator, DType::f32, R, w_.head_dim_v},  // O
                          {Role::operand, w_.dtype, Bc, w_.head_dim_v}}});    // V
  }

  /// Q and O once; K and V once per group of rows that sees them.
  ClosedForm closed_form(TileSizes t) const override {
    const auto rows = static_cast<std::uint64_t>(w_.seqlen_q * w_.query_planes());
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const Visits visits = counts_.visits(t.first, t.second);
    ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = rows * d},
                       {.tensor = "K", .dtype = w_.dtype, .read = visits.columns * d},
                       {.tensor = "V", .dtype = w_.dtype, .read = visits.columns * dv},
                       {.tensor = "O", .dtype = w_.dtype, .written = rows * dv}};
    // The list of a group is read for K and for V.
    add_list_term(form, 2 * counts_.list_words(ceil_div(w_.seqlen_q, t.first), visits));
    return form;
  }

  std::uint64_t closed_form_cost() const override { return counts_.cost(); }
  std::optional<Density> density(TileSizes t) const { return counts_.density(t.first, t.second); }

  bool second_only_helps() const override { return !w_.masked(); }
  std::uint64_t iterations(TileSizes t) const override {
    return static_cast<std::uint64_t>(2 * ceil_div(w_.seqlen_q, t.first) *
                                      ceil_div(w_.seqlen_kv, t.second));
  }

 private:
  const Workload& w_;
  const Target& target_;
  MaskCounts counts_;
};

class Flat final : public Schedule {
 public:
  explicit Flat(const PlanRequest& r) : w_(r.workload), mask_(w_), model_(w_, r.target) {
    choose_nest(r, model_);
    const auto [R, Bc] = tiles_.sizes;
    const std::int64_t groups = ceil_div(w_.seqlen_q, R);
    t_ = add_attention_tensors(program_, w_);
    lists_ = TileLists(program_, groups, ceil_div(w_.seqlen_kv, Bc));
    program_.add_kernel<&Flat::forward>(*this, "flat_forward",
                                        {{"i", groups}, {"plane", w_.query_planes()}});
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }
  std::optional<Density> density() const override { return model_.density(tiles_.sizes); }

  Task forward(Emitter& em, GridIndex at) const {
    const auto [R, Bc] = tiles_.sizes;
    const Index i = at[0];
    const Index plane = at[1];
    const Index kv_plane = t_.kv_plane(plane);
    const double scale = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
    const Region out = t_.o.block(plane, i, R);
    Agent a = em.agent();
    // Blocks that are not visited stay at -inf.
    Tile s = w_.masked()
                 ? a.fill(Role::accumulator, out.rows, w_.seqlen_kv, DType::f32, kMinusInfinity)
                 : a.alloc(Role::accumulator, out.rows, w_.seqlen_kv, DType::f32);  // [R, Nk]
    {
      Tile q = a.load(t_.q.block(plane, i, R));  // [R, d]
      lists_.read_length(a, plane, i);
      Loop loop(em, mask_.key_blocks(plane, i, R, Bc));
      for (Index j; co_await loop.next(j);) {
        lists_.read_next(a, plane, i, loop);
        Tile k = a.load(t_.k.block(kv_plane, j, Bc));  // [Bc, d]
        a.matmul(ColumnBlock(s, j, Bc), q, transposed(k), w_.dtype, scale);
      }
    }
    if (w_.masked()) a.hide(s, mask_.tile(plane, i, R, 0, w_.seqlen_kv));
    auto row = a.softmax_local(s);
    a.div_rows(s, row.l);
    Tile o = a.fill(Role::accumulator, out.rows, w_.head_dim_v, DType::f32, 0);  // [R, dv]
    {
      lists_.read_length(a, plane, i);
      Loop loop(em, mask_.key_blocks(plane, i, R, Bc));
      for (Index j; co_await loop.next(j);) {
        lists_.read_next(a, plane, i, loop);
        Tile v = a.load(t_.v.block(kv_plane, j, Bc));  // [Bc, dv]
        a.matmul_acc(o, ColumnBlock(s, j, Bc), v, w_.dtype);
      }
    }
    a.store(o, out);
  }

 private:
  const Workload w_;
  const AttentionMask mask_;
  const Tiles model_;
  AttentionTensors t_;
  TileLists lists_;
};

ATTNSIM_REGISTER_ALGORITHM("flat", [] { return Algorithm{info(), plan_schedule<Flat>}; });

}  // namespace
}  // namespace attnsim
