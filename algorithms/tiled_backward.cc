// The backward pass as any nest of the family of sim/trace/backward_nest.h: loop order, tiles and
// what stays on chip are parameters. `attnsim schedule` finds the nest that moves least.
//
//   keys_outside  for j: load K_j, V_j; dK = 0, dV = 0
//                   for i: load dO_i; D_i = rowsum(dO_i o O_i), stored, or loaded after the first j
//                          load Q_i, L_i; P = exp(Q_i K_j^T - L_i); dV += P^T dO_i
//                          dS = P o (dO_i V_j^T - D_i); dK += dS^T Q_i
//                          dQ_i = dS K_j stored, or added in memory after the first j
//                   store dK_j, dV_j
//   ds_stored     the same, but dS is stored; then dQ = dS K (and dK = dS^T Q)
//   rows_outside  for i: load dO_i, O_i; D_i; load Q_i, L_i; dQ = 0
//                   for j: load V_j, K_j; P, dS of (i, j); dQ += dS K_j
//                          dV_j = P^T dO_i, dK_j = dS^T Q_i stored, or added after the first i
//                   store dQ_i
//   stored        D; for i, j: P = exp(sum over columns of Q_i, K_j - L_i); store P
//                    for i, j: dP = sum over columns of dO_i, V_j; dS = P o (dP - D_i); store dS
//                 dV = P^T dO; dK = dS^T Q; dQ = dS K
#include <cmath>
#include <string>

#include "sim/trace/algorithm.h"
#include "sim/trace/backward_nest.h"
#include "sim/trace/nest_tiles.h"

namespace attnsim {
namespace {

using Kind = BackwardNest::Kind;

AlgorithmInfo info() {
  return {
      .id = "tiled_backward",
      .summary = "a family of backward nests, sizes and what stays on chip given as parameters",
      .source =
          "docs/bounds.md, the search family; holds variants of Dao et al. 2022 and of the "
          "tiling of Saha and Ye 2024",
      .passes = {Pass::backward},
      .tiles = {{"Br", "query rows of a score tile"}, {"Bc", "keys of a score tile"}},
      .params = backward_nest_parameters(),
  };
}

using Tiles = NestTiles<BackwardNest, BackwardCosts>;

class TiledBackward final : public Schedule {
 public:
  explicit TiledBackward(const PlanRequest& r)
      : w_(r.workload),
        mask_(w_, w_.group()),
        model_(w_, r.target, backward_nest_of(r.choice.params)) {
    nest_ = model_.nest(choose_nest(r, model_));
    const bool keys_in_memory = nest_.kind == Kind::rows_outside;
    const bool rows_in_memory = nest_.kind == Kind::keys_outside;
    t_ = add_attention_tensors(program_, w_, w_.group());
    l_ = program_.add(
        {"L", TensorRole::lse, DType::f32, t_.q.planes(), mask_.rows(), 1, w_.group()});
    g_ = add_gradient_tensors(program_, w_, rows_in_memory ? DType::f32 : w_.dtype, w_.group(),
                              keys_in_memory ? DType::f32 : w_.dtype);
    if (keys_in_memory) {
      plan_by_rows();
    } else if (nest_.kind == Kind::stored) {
      plan_stored();
    } else {
      plan_by_keys();
    }
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  Task first_keys(Emitter& em, GridIndex at) const { return keys(em, 0, at[0], true); }
  Task other_keys(Emitter& em, GridIndex at) const { return keys(em, at[0] + 1, at[1], false); }
  Task first_rows(Emitter& em, GridIndex at) const { return rows(em, 0, at[0], AddTo::nothing); }
  Task other_rows(Emitter& em, GridIndex at) const {
    return rows(em, at[0] + 1, at[1], AddTo::memory);
  }
  Task probabilities(Emitter& em, GridIndex at) const {
    return scores(em, at[0], at[1], {nest_.p, t_.q, t_.k, l_, p_, false, scale_});
  }
  Task score_gradients(Emitter& em, GridIndex at) const {
    return scores(em, at[0], at[1], {nest_.d_s, g_.d_o, t_.v, delta_, d_s_, true, 1});
  }

 private:
  enum class AddTo : std::uint8_t { nothing, memory };

  /// out = tiles of left right^T, which meet statistics of their rows, dS also P.
  struct ScoreProduct {
    ScoreTiles tiles;
    Tensor left, right, statistics, out;
    bool meets_p;
    double scale;
  };
  static constexpr std::uint8_t kStays = 1, kLast = 1;

  /// One block of keys, all rows.
  Task keys(Emitter& em, Index j, Index plane, bool first) const {
    const auto [Br, Bc] = std::pair(nest_.Br, nest_.Bc);
    Agent a = em.agent();
    Tile k = a.load(t_.k.block(plane, j, Bc));                                     // [Bc, d]
    Tile v = a.load(t_.v.block(plane, j, Bc));                                     // [Bc, dv]
    Tile d_v = a.fill(Role::accumulator, k.rows(), w_.head_dim_v, DType::f32, 0);  // [Bc, dv]
    Tile d_k;                                                                      // [Bc, d]
    if (nest_.dk_held) d_k = a.fill(Role::accumulator, k.rows(), w_.head_dim, DType::f32, 0);
    Loop loop(em, all_blocks(ceil_div(mask_.rows(), Br)));
    for (Index i; co_await loop.next(i);) {
      Tile d_o = a.load(g_.d_o.block(plane, i, Br));  // [Br, dv]
      Tile delta = first ? found_delta(a, d_o, plane, i)
                         : a.load(delta_.block(plane, i, Br), Role::vector);  // [Br, 1]
      Tile q = a.load(t_.q.block(plane, i, Br));                              // [Br, d]
      Tile p = a.matmul(q, transposed(k), w_.dtype, scale_);                  // [Br, Bc]
      if (!nest_.dk_held) q.drop();
      if (w_.masked()) a.hide(p, mask_.tile(plane, i, Br, j, Bc));
      {
        const Tile lse = a.load(l_.block(plane, i, Br), Role::vector);
        a.exp_rows(p, lse);
      }
      a.matmul_acc(d_v, transposed(p), d_o, w_.dtype);
      Tile d_s = a.matmul(d_o, transposed(v), w_.dtype);  // [Br, Bc]
      a.softmax_grad(d_s, p, delta);
      p.drop();
      d_o.drop();
      delta.drop();
      if (nest_.dk_held) a.matmul_acc(d_k, transposed(d_s), q, w_.dtype, scale_);
      q.drop();
      if (nest_.kind == Kind::ds_stored) {
        a.store(d_s, d_s_.block(plane, i, Br, j, Bc));
        continue;
      }
      const Tile d_q = a.matmul(d_s, k, w_.dtype, scale_);  // [Br, d]
      put(a, d_q, g_.d_q.block(plane, i, Br), first ? AddTo::nothing : AddTo::memory);
    }
    a.store(d_v, g_.d_v.block(plane, j, Bc));
    if (nest_.dk_held) a.store(d_k, g_.d_k.block(plane, j, Bc));
  }

  /// One block of rows, all keys.
  Task rows(Emitter& em, Index i, Index plane, AddTo what) const {
    const auto [Br, Bc] = std::pair(nest_.Br, nest_.Bc);
    Agent a = em.agent();
    Tile d_o = a.load(g_.d_o.block(plane, i, Br));  // [Br, dv]
    Tile delta = found_delta(a, d_o, plane, i);     // [Br, 1]
    Tile q = a.load(t_.q.block(plane, i, Br));      // [Br, d]
    Tile lse = a.load(l_.block(plane, i, Br), Role::vector);
    Tile d_q = a.fill(Role::accumulator, q.rows(), w_.head_dim, DType::f32, 0);  // [Br, d]
    {
      Loop loop(em, all_blocks(ceil_div(w_.seqlen_kv, Bc)));
      for (Index j; co_await loop.next(j);) {
        Tile v = a.load(t_.v.block(plane, j, Bc));          // [Bc, dv]
        Tile d_s = a.matmul(d_o, transposed(v), w_.dtype);  // [Br, Bc]
        v.drop();
        Tile k = a.load(t_.k.block(plane, j, Bc));              // [Bc, d]
        Tile p = a.matmul(q, transposed(k), w_.dtype, scale_);  // [Br, Bc]
        if (w_.masked()) a.hide(p, mask_.tile(plane, i, Br, j, Bc));
        a.exp_rows(p, lse);
        a.softmax_grad(d_s, p, delta);
        a.matmul_acc(d_q, d_s, k, w_.dtype, scale_);
        k.drop();
        put(a, a.matmul(transposed(p), d_o, w_.dtype), g_.d_v.block(plane, j, Bc), what);
        p.drop();
        put(a, a.matmul(transposed(d_s), q, w_.dtype, scale_), g_.d_k.block(plane, j, Bc), what);
      }
    }
    a.store(d_q, g_.d_q.block(plane, i, Br));
  }

  /// One row of tiles of P or of dS.
  Task scores(Emitter& em, Index i, Index plane, ScoreProduct x) const {
    const ScoreTiles t = x.tiles;
    const std::int64_t tiles = ceil_div(w_.seqlen_kv, t.width());
    const std::int64_t last_strips = ceil_div(w_.seqlen_kv - (tiles - 1) * t.width(), t.keys);
    Agent a = em.agent();
    Tile statistics = a.load(x.statistics.block(plane, i, t.rows), Role::vector);
    Tile held;
    if (t.columns > 0) held = a.load(x.left.block(plane, i, t.rows, 0, t.columns));
    Loop loop(em,
              {{.begin = 0, .end = tiles - 1}, {.begin = tiles - 1, .end = tiles, .tag = kLast}});
    for (Index j; co_await loop.next(j);) {
      const std::int64_t count = loop.tag() == kLast ? last_strips : t.strips;
      std::vector<Tile> strips;
      for (std::int64_t s = 0; s < count; ++s) {
        const Region out = x.out.block(plane, i, t.rows, j * t.strips + s, t.keys);
        strips.push_back(a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0));
      }
      Loop columns(em, {{.begin = 0, .end = t.columns, .tag = kStays},
                        {.begin = t.columns, .end = x.left.cols()}});
      for (Index z; co_await columns.next(z);) {
        Tile left;
        if (columns.tag() != kStays) left = a.load(x.left.block(plane, i, t.rows, z, 1));
        for (std::int64_t s = 0; s < count; ++s) {
          const Tile right = a.load(x.right.block(plane, j * t.strips + s, t.keys, z, 1));
          Tile& strip = strips[static_cast<std::size_t>(s)];
          if (columns.tag() == kStays) {
            a.matmul_acc(strip, ColumnBlock(held, z, 1), transposed(right), w_.dtype, x.scale);
          } else {
            a.matmul_acc(strip, left, transposed(right), w_.dtype, x.scale);
          }
        }
      }
      for (std::int64_t s = 0; s < count; ++s) {
        finish(a, strips[static_cast<std::size_t>(s)], statistics, plane, i, j * t.strips + s, x);
      }
    }
  }

  /// A strip of S becomes P, one of dP dS, and leaves.
  void finish(Agent& a, Tile& strip, const Tile& statistics, Index plane, Index i, Index s,
              const ScoreProduct& x) const {
    const auto [Br, Bc] = std::pair(x.tiles.rows, x.tiles.keys);
    if (x.meets_p) {
      const Tile p = a.load(p_.block(plane, i, Br, s, Bc));
      a.softmax_grad(strip, p, statistics);
    } else {
      if (w_.masked()) a.hide(strip, mask_.tile(plane, i, Br, s, Bc));
      a.exp_rows(strip, statistics);
    }
    a.store(strip, x.out.block(plane, i, Br, s, Bc));
    strip.drop();
  }

  /// D of a row block, stored where other blocks of keys want it.
  Tile found_delta(Agent& a, const Tile& d_o, Index plane, Index i) const {
    const Tile o = a.load(t_.o.block(plane, i, nest_.Br));  // [Br, dv]
    Tile delta = a.fill(Role::vector, o.rows(), 1, DType::f32, 0);
    a.row_dot_acc(delta, d_o, o);
    if (delta_.planes() > 0) a.store(delta, delta_.block(plane, i, nest_.Br));
    return delta;
  }

  static void put(Agent& a, const Tile& gradient, const Region& to, AddTo what) {
    if (what == AddTo::nothing) {
      a.store(gradient, to);
    } else {
      a.accumulate(gradient, to, AddAt::core);
    }
  }

  Tensor add_scores(const char* name) {
    return program_.add({name, TensorRole::workspace, w_.dtype, t_.q.planes(), mask_.rows(),
                         w_.seqlen_kv, w_.group()});
  }

  void plan_by_keys() {
    const std::int64_t blocks = ceil_div(w_.seqlen_kv, nest_.Bc);
    const GridDim planes{"plane", t_.k.planes()};
    if (blocks > 1) {
      delta_ = program_.add(
          {"D", TensorRole::delta, DType::f32, t_.q.planes(), mask_.rows(), 1, w_.group()});
    }
    if (nest_.kind == Kind::ds_stored) d_s_ = add_scores("dS");
    program_.add_kernel<&TiledBackward::first_keys>(*this, "first_keys", {planes});
    if (blocks > 1) {
      program_.add_kernel<&TiledBackward::other_keys>(*this, "other_keys",
                                                      {{"j", blocks - 1}, planes});
    }
    if (nest_.kind == Kind::ds_stored) plan_products();
  }

  void plan_by_rows() {
    const std::int64_t blocks = ceil_div(mask_.rows(), nest_.Br);
    const GridDim planes{"plane", t_.k.planes()};
    program_.add_kernel<&TiledBackward::first_rows>(*this, "first_rows", {planes});
    if (blocks > 1) {
      program_.add_kernel<&TiledBackward::other_rows>(*this, "other_rows",
                                                      {{"i", blocks - 1}, planes});
    }
  }

  void plan_stored() {
    const GridDim planes{"plane", t_.k.planes()};
    delta_kernel_.add_to(program_, t_.o, g_.d_o, 1, 1);
    delta_ = delta_kernel_.delta();
    p_ = add_scores("P");
    d_s_ = add_scores("dS");
    program_.add_kernel<&TiledBackward::probabilities>(
        *this, "p", {{"i", ceil_div(mask_.rows(), nest_.p.rows)}, planes});
    program_.add_kernel<&TiledBackward::score_gradients>(
        *this, "ds", {{"i", ceil_div(mask_.rows(), nest_.d_s.rows)}, planes});
    d_v_.add_to(program_, {"dv", {p_, true}, {g_.d_o}, g_.d_v, w_.dtype}, nest_.d_v);
    plan_products();
  }

  void plan_products() {
    if (!nest_.dk_held) {
      d_k_.add_to(program_, {"dk", {d_s_, true}, {t_.q}, g_.d_k, w_.dtype, scale_}, nest_.d_k);
    }
    d_q_.add_to(program_, {"dq", {d_s_}, {t_.k}, g_.d_q, w_.dtype, scale_}, nest_.d_q);
  }

  const Workload w_;
  const AttentionMask mask_;
  const Tiles model_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  BackwardNest nest_;
  AttentionTensors t_;
  GradientTensors g_;
  Tensor l_, delta_, p_, d_s_;
  DeltaKernel delta_kernel_;
  ProductKernel d_v_, d_k_, d_q_;
};

ATTNSIM_REGISTER_ALGORITHM("tiled_backward", [] {
  return Algorithm{info(), plan_schedule<TiledBackward>};
});

}  // namespace
}  // namespace attnsim
