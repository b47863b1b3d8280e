// Backward pass for a fast memory below d^2 words: P and dS go through memory, so that no block of
// the head dimension has to be held whole. Derived from the square tiling of Saha and Ye, arXiv
// 2402.07443, Algorithm 1. (For the gradient of a parameter of Q: attention_parameter_gradient.cc.)
//
//     D = rowsum(dO o O)
//     for i: load L_i, D_i
//       for j: S = sum over z of Q_iz K_jz^T; dP = sum over z of dO_iz V_jz^T
//              P = exp(S - L_i); dS = P o (dP - D_i); store P_ij, dS_ij
//     dV = P^T dO; dK = dS^T Q; dQ = dS K          each b x b block by steps of depth bk
//
// A mask hides elements of P and dS; like a matrix library, no kernel leaves a block out.
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "small_cache_backward",
      .summary = "backward pass in square blocks, N x N probabilities and gradients in memory",
      .source = "square tiling of Saha and Ye 2024, arXiv 2402.07443, carried to the gradients",
      .passes = {Pass::backward},
      .tiles = {{"b", "rows and columns of a block"},
                {"bk", "depth of a step of the matrix products"}},
      .params = {},
      .dropout = true,
      .block_masks = true,
  };
}

class Tiles final : public TileModel {
 public:
  Tiles(const Workload& w, const Target& target) : w_(w), target_(target) {}

  TileSizes limits() const override {
    const std::int64_t most = std::max({w_.seqlen_q, w_.seqlen_kv, w_.head_dim, w_.head_dim_v});
    return {most, most};
  }

  /// bk = b, the largest with 4 b^2 + 2 b <= M.
  TileSizes paper() const override {
    const auto m = static_cast<std::int64_t>(target_.capacity_words(Role::operand));
    const std::int64_t b = std::max<std::int64_t>(1, (integer_sqrt(4 * m + 1) - 1) / 4);
    return {std::min(b, limits().first), std::min(b, limits().second)};
  }

  /// Of the kernel of P and dS; a matrix product holds one result block less.
  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [b, bk] = t;
    return {{Role::accumulator, DType::f32, b, 2 * b},  // S, then P; dP, then dS
            {Role::operand, w_.dtype, b, 2 * bk},       // Q and K, or dO and V
            {Role::vector, DType::f32, b, 2}};          // L, D
  }

  ClosedForm closed_form(TileSizes t) const override {
    const auto b = static_cast<std::uint64_t>(t.first);
    const auto blocks = [b](std::int64_t n) { return (static_cast<std::uint64_t>(n) + b - 1) / b; };
    const auto rows = static_cast<std::uint64_t>(w_.seqlen_q * w_.query_planes());
    const auto keys = static_cast<std::uint64_t>(w_.seqlen_kv * w_.query_planes());
    const auto kv_rows = static_cast<std::uint64_t>(w_.seqlen_kv * w_.kv_planes());
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const std::uint64_t scores = rows * static_cast<std::uint64_t>(w_.seqlen_kv);
    const std::uint64_t by_key = blocks(w_.seqlen_kv);  // passes over the rows
    const std::uint64_t by_row = blocks(w_.seqlen_q);   // passes over the keys
    return {{.tensor = "Q", .dtype = w_.dtype, .read = 2 * rows * d * by_key},
            {.tensor = "K", .dtype = w_.dtype, .read = 2 * keys * d * by_row},
            {.tensor = "V", .dtype = w_.dtype, .read = keys * dv * by_row},
            {.tensor = "O", .dtype = w_.dtype, .read = rows * dv},
            {.tensor = "L", .dtype = DType::f32, .read = rows},
            {.tensor = "dO", .dtype = w_.dtype, .read = rows * dv * (1 + 2 * by_key)},
            {.tensor = "dQ", .dtype = w_.dtype, .written = rows * d},
            {.tensor = "dK", .dtype = w_.dtype, .written = kv_rows * d},
            {.tensor = "dV", .dtype = w_.dtype, .written = kv_rows * dv},
            {.tensor = "D", .dtype = DType::f32, .read = rows, .written = rows},
            {.tensor = "P",
             .dtype = w_.dtype,
             .read = scores * blocks(w_.head_dim_v),
             .written = scores},
            {.tensor = "dS",
             .dtype = w_.dtype,
             .read = 2 * scores * blocks(w_.head_dim),
             .written = scores}};
  }

  bool second_only_helps() const override { return true; }  // bk moves nothing
  std::uint64_t iterations(TileSizes t) const override {
    const auto [b, bk] = t;
    const std::int64_t by_row = ceil_div(w_.seqlen_q, b);
    const std::int64_t by_key = ceil_div(w_.seqlen_kv, b);
    return static_cast<std::uint64_t>(
        by_row * by_key * (ceil_div(w_.head_dim, bk) + ceil_div(w_.head_dim_v, bk)) +
        by_key * (ceil_div(w_.head_dim, b) + ceil_div(w_.head_dim_v, b)) *
            ceil_div(w_.seqlen_q, bk) +
        by_row * ceil_div(w_.head_dim, b) * ceil_div(w_.seqlen_kv, bk));
  }

 private:
  const Workload& w_;
  const Target& target_;
};

class SmallCacheBackward final : public Schedule {
 public:
  explicit SmallCacheBackward(const PlanRequest& r)
      : w_(r.workload), mask_(w_), model_(w_, r.target) {
    const auto [b, bk] = choose_nest(r, model_);
    const std::int64_t planes = w_.query_planes();
    t_ = add_attention_tensors(program_, w_);
    l_ = program_.add({"L", TensorRole::lse, DType::f32, planes, w_.seqlen_q, 1});
    g_ = add_gradient_tensors(program_, w_, w_.dtype);
    delta_.add_to(program_, t_.o, g_.d_o, b, bk);
    const TensorDecl scores{"P",    TensorRole::workspace, w_.dtype,
                            planes, w_.seqlen_q,           w_.seqlen_kv};
    p_ = program_.add(scores);
    d_s_ = program_.add({"dS", scores.role, scores.dtype, planes, scores.rows, scores.cols});
    program_.add_kernel<&SmallCacheBackward::scores>(
        *this, "p_ds", {{"i", ceil_div(w_.seqlen_q, b)}, {"plane", planes}});
    const DType dtype = w_.dtype;
    d_v_.add_to(program_, {"dv", {p_, true}, {g_.d_o}, g_.d_v, dtype}, b, bk);
    d_k_.add_to(program_, {"dk", {d_s_, true}, {t_.q}, g_.d_k, dtype, scale_}, b, bk);
    d_q_.add_to(program_, {"dq", {d_s_}, {t_.k}, g_.d_q, dtype, scale_}, b, bk);
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  /// One row of blocks of P and dS.
  Task scores(Emitter& em, GridIndex at) const {
    const auto [b, bk] = tiles_.sizes;
    const Index i = at[0];
    const Index plane = at[1];
    const Index kv_plane = t_.kv_plane(plane);
    Agent a = em.agent();
    Tile lse = a.load(l_.block(plane, i, b), Role::vector);                // [b, 1]
    Tile delta = a.load(delta_.delta().block(plane, i, b), Role::vector);  // [b, 1]
    Loop columns(em, all_blocks(ceil_div(w_.seqlen_kv, b)));
    for (Index j; co_await columns.next(j);) {
      const Region out = p_.block(plane, i, b, j, b);
      Tile p = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
      {
        Loop head_dim(em, all_blocks(ceil_div(w_.head_dim, bk)));
        for (Index z; co_await head_dim.next(z);) {
          Tile q = a.load(t_.q.block(plane, i, b, z, bk));     // [b, bk]
          Tile k = a.load(t_.k.block(kv_plane, j, b, z, bk));  // [b, bk]
          a.matmul_acc(p, q, transposed(k), w_.dtype, scale_);
        }
      }
      if (w_.masked()) a.hide(p, mask_.tile(plane, i, b, j, b));
      a.exp_rows(p, lse);
      Tile d_s = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
      {
        Loop head_dim_v(em, all_blocks(ceil_div(w_.head_dim_v, bk)));
        for (Index z; co_await head_dim_v.next(z);) {
          Tile d_o = a.load(g_.d_o.block(plane, i, b, z, bk));  // [b, bk]
          Tile v = a.load(t_.v.block(kv_plane, j, b, z, bk));   // [b, bk]
          a.matmul_acc(d_s, d_o, transposed(v), w_.dtype);
        }
      }
      score_gradient(a, d_s, p, delta, w_, t_.scores(plane, i, b, j, b));
      a.store(p, out);
      a.store(d_s, d_s_.block(plane, i, b, j, b));
    }
  }

 private:
  const Workload w_;
  const AttentionMask mask_;
  const Tiles model_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  AttentionTensors t_;
  GradientTensors g_;
  Tensor l_, p_, d_s_;
  DeltaKernel delta_;
  ProductKernel d_v_, d_k_, d_q_;
};

ATTNSIM_REGISTER_ALGORITHM("small_cache_backward", [] {
  return Algorithm{info(), plan_schedule<SmallCacheBackward>};
});

}  // namespace
}  // namespace attnsim
