// The gradient of attention's loss with respect to the parameter X of its queries, for a fast
// memory below d^2 words: the problem of Li et al., arXiv 2410.09397, in the square tiling of Saha
// and Ye, arXiv 2402.07443, Algorithm 1. The problem is theirs; the phases are ours, since every
// phase is a matrix product in blocks or goes through S once. Tensors:
// sim/trace/parameter_tensors.h.
//
//     Q = A1 X
//     for i: for j: S = scale sum over z of Q_iz A2_jz^T; take S into (m, l); store S_ij
//            store m_i, l_i
//     V = A3 Y
//     for i: load m_i, l_i; D = 0
//            for j: dP = sum over z of dO_iz V_jz^T; load S_ij, P = exp(S_ij - m_i) / l_i
//                   D += rowsum(P o dP); store dP_ij
//            store D_i
//     for i: load m_i, l_i, D_i
//            for j: load S_ij, dP_ij; P = exp(S_ij - m_i) / l_i; dS = P o (dP - D_i); store dS_ij
//     dQ = dS A2;  dX = scale A1^T dQ              each b x b block by steps of depth bk
//
// In the paper's letters f = P, h = V, q = dP, r = D, p = dS. A mask hides elements of S; like a
// matrix library, no kernel leaves a block out.
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "attention_parameter_gradient",
      .summary = "gradient of the parameter X of Q = A1 X, in square blocks, N x N in memory",
      .source =
          "problem of Li et al. 2024, arXiv 2410.09397; square tiling of Saha and Ye 2024, "
          "arXiv 2402.07443",
      .function = kParameterGradient,
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

  /// Of the square tiling: bk = b = floor(sqrt(M / 4)).
  TileSizes paper() const override { return square_block_sizes(target_, limits()); }

  /// The products by themselves; those of S and dP with the row statistics beside them; two square
  /// blocks, S beside dP. Without clipping b^2 + b max(2 bk, b) + 3 b elements.
  std::vector<TileShape> footprint(TileSizes t) const override {
    const std::int64_t rows = std::min(t.first, w_.seqlen_q);
    const std::int64_t keys = std::min(t.first, w_.seqlen_kv);
    const std::int64_t nq = w_.seqlen_q;
    const std::int64_t nk = w_.seqlen_kv;
    const std::int64_t d = w_.head_dim;
    const std::int64_t dv = w_.head_dim_v;
    const TileShape score{Role::accumulator, DType::f32, rows, keys};
    const TileShape loaded{Role::operand, w_.dtype, rows, keys};
    const TileShape statistics{Role::vector, DType::f32, rows, 3};  // m, l, D
    return target_.peak({product(t, nq, d, d),                      // Q
                         product(t, nq, nk, d, 2),                  // S; m, l
                         product(t, nk, dv, dv),                    // V
                         product(t, nq, nk, dv, 3),                 // dP; m, l, D
                         {score, loaded, statistics},               // dP and P
                         {loaded, loaded, statistics},              // dP and P, then dS
                         product(t, nq, d, nk),                     // dQ
                         product(t, d, d, nq)});                    // dX
  }

  ClosedForm closed_form(TileSizes t) const override {
    const auto blocks = [&](std::int64_t n) {
      return static_cast<std::uint64_t>(ceil_div(n, t.first));
    };
    const auto planes = static_cast<std::uint64_t>(w_.query_planes());
    const auto kv_planes = static_cast<std::uint64_t>(w_.kv_planes());
    const auto nk = static_cast<std::uint64_t>(w_.seqlen_kv);
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const std::uint64_t rows = static_cast<std::uint64_t>(w_.seqlen_q) * planes;
    const std::uint64_t kv_rows = nk * kv_planes;
    const std::uint64_t scores = rows * nk;
    const std::uint64_t by_row = blocks(w_.seqlen_q);   // passes over the keys
    const std::uint64_t by_key = blocks(w_.seqlen_kv);  // passes over the rows
    const std::uint64_t by_d = blocks(w_.head_dim);
    const std::uint64_t by_dv = blocks(w_.head_dim_v);
    const DType dtype = w_.dtype;
    const DType f32 = DType::f32;
    return {
        {.tensor = "A1", .dtype = dtype, .read = 2 * rows * d * by_d},  // Q and dX
        {.tensor = "X", .dtype = dtype, .read = planes * d * d * by_row},
        {.tensor = "A2", .dtype = dtype, .read = 2 * planes * nk * d * by_row},  // S and dQ
        {.tensor = "A3", .dtype = dtype, .read = kv_rows * dv * by_dv},
        {.tensor = "Y", .dtype = dtype, .read = kv_planes * dv * dv * by_key},
        {.tensor = "dO", .dtype = dtype, .read = rows * dv * by_key},
        {.tensor = "Q", .dtype = dtype, .read = rows * d * by_key, .written = rows * d},
        {.tensor = "S", .dtype = dtype, .read = 2 * scores, .written = scores},
        {.tensor = "m", .dtype = f32, .read = 2 * rows, .written = rows},
        {.tensor = "l", .dtype = f32, .read = 2 * rows, .written = rows},
        {.tensor = "V", .dtype = dtype, .read = planes * nk * dv * by_row, .written = kv_rows * dv},
        {.tensor = "dP", .dtype = dtype, .read = scores, .written = scores},
        {.tensor = "D", .dtype = f32, .read = rows, .written = rows},
        {.tensor = "dS", .dtype = dtype, .read = scores * by_d, .written = scores},
        {.tensor = "dQ", .dtype = dtype, .read = rows * d * by_d, .written = rows * d},
        {.tensor = "dX", .dtype = dtype, .written = planes * d * d},
    };
  }

  bool second_only_helps() const override { return true; }  // bk moves nothing
  std::uint64_t iterations(TileSizes t) const override {
    const auto blocks = [&](std::int64_t n) { return ceil_div(n, t.first); };
    const auto steps = [&](std::int64_t n) { return ceil_div(n, t.second); };
    const std::int64_t squares = blocks(w_.seqlen_q) * blocks(w_.seqlen_kv);
    const std::int64_t by_d = blocks(w_.head_dim);
    return static_cast<std::uint64_t>(
        squares * (steps(w_.head_dim) + steps(w_.head_dim_v) + 1) +
        blocks(w_.seqlen_q) * by_d * (steps(w_.head_dim) + steps(w_.seqlen_kv)) +
        blocks(w_.seqlen_kv) * blocks(w_.head_dim_v) * steps(w_.head_dim_v) +
        by_d * by_d * steps(w_.seqlen_q));
  }

 private:
  /// A block of an m x n product of depth k, clipped, and beside it that many statistics of each of
  /// its rows.
  std::vector<TileShape> product(TileSizes t, std::int64_t m, std::int64_t n, std::int64_t k,
                                 std::int64_t statistics = 0) const {
    const auto [b, bk] = t;
    m = std::min(b, m);
    n = std::min(b, n);
    k = std::min(bk, k);
    std::vector<TileShape> out = {{Role::accumulator, DType::f32, m, n},
                                  {Role::operand, w_.dtype, m, k},
                                  {Role::operand, w_.dtype, k, n}};
    if (statistics > 0) out.push_back({Role::vector, DType::f32, m, statistics});
    return out;
  }

  const Workload& w_;
  const Target& target_;
};

class AttentionParameterGradient final : public Schedule {
 public:
  explicit AttentionParameterGradient(const PlanRequest& r)
      : w_(r.workload), mask_(w_), model_(w_, r.target) {
    const auto [b, bk] = choose_nest(r, model_);
    t_ = add_parameter_tensors(program_, w_);
    add_workspace();
    const DType dtype = w_.dtype;
    const std::int64_t rows = ceil_div(w_.seqlen_q, b);
    const std::int64_t planes = w_.query_planes();
    query_product_.add_to(program_, {"q", {t_.a1}, {t_.x}, q_, dtype}, b, bk);
    program_.add_kernel<&AttentionParameterGradient::scores>(*this, "s",
                                                             {{"i", rows}, {"plane", planes}});
    value_product_.add_to(program_, {"v", {t_.a3}, {t_.y}, v_, dtype}, b, bk);
    program_.add_kernel<&AttentionParameterGradient::probability_gradients>(
        *this, "dp", {{"i", rows}, {"plane", planes}});
    program_.add_kernel<&AttentionParameterGradient::score_gradients>(
        *this, "ds", {{"i", rows}, {"plane", planes}});
    d_query_product_.add_to(program_, {"dq", {d_s_}, {t_.a2}, d_q_, dtype}, b, bk);
    d_x_product_.add_to(program_, {"dx", {t_.a1, true}, {d_q_}, t_.d_x, dtype, scale_}, b, bk);
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  /// One row of blocks of S, and the statistics of its rows.
  Task scores(Emitter& em, GridIndex at) const {
    const auto [b, bk] = tiles_.sizes;
    const Index i = at[0];
    const Index plane = at[1];
    const std::int64_t rows = m_.block(plane, i, b).rows;
    Agent a = em.agent();
    Tile m = a.fill(Role::vector, rows, 1, DType::f32, kMinusInfinity);  // [b, 1]
    Tile l = a.fill(Role::vector, rows, 1, DType::f32, 0);               // [b, 1]
    {
      Loop columns(em, all_blocks(ceil_div(w_.seqlen_kv, b)));
      for (Index j; co_await columns.next(j);) {
        const Region out = s_.block(plane, i, b, j, b);
        Tile s = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
        {
          Loop head_dim(em, all_blocks(ceil_div(w_.head_dim, bk)));
          for (Index z; co_await head_dim.next(z);) {
            Tile q = a.load(q_.block(plane, i, b, z, bk));                  // [b, bk]
            Tile k = a.load(t_.a2.block(t_.kv_plane(plane), j, b, z, bk));  // [b, bk]
            a.matmul_acc(s, q, transposed(k), w_.dtype, scale_);
          }
        }
        if (w_.masked()) a.hide(s, mask_.tile(plane, i, b, j, b));
        a.softmax_stats(s, m, l);
        a.store(s, out);
      }
    }
    a.store(m, m_.block(plane, i, b));
    a.store(l, l_.block(plane, i, b));
  }

  /// One row of blocks of dP, and D of its rows.
  Task probability_gradients(Emitter& em, GridIndex at) const {
    const auto [b, bk] = tiles_.sizes;
    const Index i = at[0];
    const Index plane = at[1];
    Agent a = em.agent();
    Tile m = a.load(m_.block(plane, i, b), Role::vector);           // [b, 1]
    Tile l = a.load(l_.block(plane, i, b), Role::vector);           // [b, 1]
    Tile delta = a.fill(Role::vector, m.rows(), 1, DType::f32, 0);  // [b, 1]
    {
      Loop columns(em, all_blocks(ceil_div(w_.seqlen_kv, b)));
      for (Index j; co_await columns.next(j);) {
        const Region out = d_p_.block(plane, i, b, j, b);
        Tile d_p = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
        {
          Loop head_dim_v(em, all_blocks(ceil_div(w_.head_dim_v, bk)));
          for (Index z; co_await head_dim_v.next(z);) {
            Tile d_o = a.load(t_.d_o.block(plane, i, b, z, bk));         // [b, bk]
            Tile v = a.load(v_.block(t_.kv_plane(plane), j, b, z, bk));  // [b, bk]
            a.matmul_acc(d_p, d_o, transposed(v), w_.dtype);
          }
        }
        if (w_.dropout) a.dropout(d_p, t_.scores(plane, i, b, j, b), w_.dropout);
        Tile p = a.load(s_.block(plane, i, b, j, b));  // [b, b]
        a.softmax_apply(p, m, l);
        a.row_dot_acc(delta, p, d_p);
        a.store(d_p, out);
      }
    }
    a.store(delta, delta_.block(plane, i, b));
  }

  /// One row of blocks of dS.
  Task score_gradients(Emitter& em, GridIndex at) const {
    const std::int64_t b = tiles_.sizes.first;
    const Index i = at[0];
    const Index plane = at[1];
    Agent a = em.agent();
    Tile m = a.load(m_.block(plane, i, b), Role::vector);          // [b, 1]
    Tile l = a.load(l_.block(plane, i, b), Role::vector);          // [b, 1]
    Tile delta = a.load(delta_.block(plane, i, b), Role::vector);  // [b, 1]
    Loop columns(em, all_blocks(ceil_div(w_.seqlen_kv, b)));
    for (Index j; co_await columns.next(j);) {
      Tile p = a.load(s_.block(plane, i, b, j, b));  // [b, b]
      a.softmax_apply(p, m, l);
      Tile d_s = a.load(d_p_.block(plane, i, b, j, b));  // [b, b]
      a.softmax_grad(d_s, p, delta);
      a.store(d_s, d_s_.block(plane, i, b, j, b));
    }
  }

 private:
  void add_workspace() {
    const auto add = [this](const char* name, DType dtype, std::int64_t planes, std::int64_t rows,
                            std::int64_t cols) {
      return program_.add({name, TensorRole::workspace, dtype, planes, rows, cols});
    };
    const std::int64_t planes = w_.query_planes();
    const std::int64_t nq = w_.seqlen_q;
    q_ = add("Q", w_.dtype, planes, nq, w_.head_dim);
    s_ = add("S", w_.dtype, planes, nq, w_.seqlen_kv);
    m_ = add("m", DType::f32, planes, nq, 1);
    l_ = add("l", DType::f32, planes, nq, 1);
    v_ = add("V", w_.dtype, w_.kv_planes(), w_.seqlen_kv, w_.head_dim_v);
    d_p_ = add("dP", w_.dtype, planes, nq, w_.seqlen_kv);
    delta_ = add("D", DType::f32, planes, nq, 1);
    d_s_ = add("dS", w_.dtype, planes, nq, w_.seqlen_kv);
    d_q_ = add("dQ", w_.dtype, planes, nq, w_.head_dim);
  }

  const Workload w_;
  const AttentionMask mask_;
  const Tiles model_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  ParameterTensors t_;
  Tensor q_, s_, m_, l_, v_, d_p_, delta_, d_s_, d_q_;
  ProductKernel query_product_, value_product_, d_query_product_, d_x_product_;
};

ATTNSIM_REGISTER_ALGORITHM("attention_parameter_gradient", [] {
  return Algorithm{info(), plan_schedule<AttentionParameterGradient>};
});

}  // namespace
}  // namespace attnsim
