// Standard (unfused) attention: Dao et al., arXiv 2205.14135, Algorithm 0. Separate kernels with
// the N x N scores S and probabilities P in memory; matrix products are blocked, output-stationary.
//
//     S = scale Q K^T;  [S = mask(S)];  P = softmax(S) by rows;  O = P V
//
// Backward, Algorithm 3, with the P of the forward pass, again in separate kernels:
//
//     dV = P^T dO;  dP = dO V^T;  dS = P o (dP - rowsum(P o dP));  dQ = scale dS K;  dK = scale
//     dS^T Q
//
// Dropout is generated again wherever P is used, and no mask of it is stored, so that all
// algorithms here drop the same elements at the same price. An unfused implementation that stores
// the mask (Dao et al., appendix B: O(N^2) memory, which theirs avoids) writes it once forward and
// reads it once backward: N^2 elements more each way, of a byte in common libraries. The products
// ignore the attention mask: an unfused library kernel computes the whole of S.
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "standard",
      .summary = "unfused kernels, N x N scores and probabilities in memory",
      .source = "Dao et al. 2022, arXiv 2205.14135, Algorithms 0 and 3; blocked matrix products",
      .passes = {Pass::forward, Pass::backward, Pass::forward_backward},
      .tiles = {{"b", "rows and columns of an output block"},
                {"bk", "depth of a step of the matrix products"},
                {"b_backward", "output block, of the backward pass in forward_backward", "b"},
                {"bk_backward", "depth, of the backward pass in forward_backward", "bk"}},
      .params = {},
      .dropout = true,
      .bound_class = {.saves_scores = true},  // P
      .block_masks = true,
  };
}

/// Elements of a row of scores, up to the whole, of which `rows` such rows fit on chip together
/// with `statistics` numbers.
std::int64_t most_of_a_row(const Workload& w, const Target& target, std::int64_t rows,
                           std::int64_t statistics) {
  std::int64_t low = 1;
  std::int64_t high = w.seqlen_kv;
  while (low < high) {
    const std::int64_t middle = (low + high + 1) / 2;
    if (target.fits(
            {{Role::vector, w.dtype, rows, middle}, {Role::vector, DType::f32, 1, statistics}})) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

class ForwardTiles final : public TileModel {
 public:
  ForwardTiles(const Workload& w, const Target& target) : w_(w), target_(target) {}

  TileSizes limits() const override {
    return {std::max({w_.seqlen_q, w_.seqlen_kv, w_.head_dim_v}),
            std::max(w_.head_dim, w_.seqlen_kv)};
  }

  TileSizes paper() const override { return square_block_sizes(target_, limits()); }

  /// Of a matrix product; the softmax kernel takes what fits of a row.
  std::vector<TileShape> footprint(TileSizes t) const override {
    return ProductKernel::footprint(w_.dtype, t.first, t.second);
  }

  /// Elements of a row the softmax kernel holds at once, beside the row's two statistics.
  std::int64_t row_chunk() const { return most_of_a_row(w_, target_, 1, 2); }

  ClosedForm closed_form(TileSizes t) const override {
    const auto planes = static_cast<std::uint64_t>(w_.query_planes());
    const auto nq = static_cast<std::uint64_t>(w_.seqlen_q);
    const auto nk = static_cast<std::uint64_t>(w_.seqlen_kv);
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const auto b = static_cast<std::uint64_t>(t.first);
    const auto blocks = [b](std::uint64_t n) { return (n + b - 1) / b; };
    const std::uint64_t scores = nq * nk;
    const std::uint64_t passes = row_chunk() == w_.seqlen_kv ? 1 : 2;
    const std::uint64_t masked = w_.masked() ? 1 : 0;
    return {{.tensor = "Q", .dtype = w_.dtype, .read = planes * nq * d * blocks(nk)},
            {.tensor = "K", .dtype = w_.dtype, .read = planes * nk * d * blocks(nq)},
            {.tensor = "S",
             .dtype = w_.dtype,
             .read = planes * scores * (passes + masked),
             .written = planes * scores * (1 + masked)},
            {.tensor = "P",
             .dtype = w_.dtype,
             .read = planes * scores * blocks(dv),
             .written = planes * scores},
            {.tensor = "V", .dtype = w_.dtype, .read = planes * nk * dv * blocks(nq)},
            {.tensor = "O", .dtype = w_.dtype, .written = planes * nq * dv}};
  }

  bool second_only_helps() const override { return true; }
  std::uint64_t iterations(TileSizes t) const override {
    const auto [b, bk] = t;
    return static_cast<std::uint64_t>(
        ceil_div(w_.seqlen_q, b) * ceil_div(w_.seqlen_kv, b) * ceil_div(w_.head_dim, bk) +
        ceil_div(w_.seqlen_q, b) * ceil_div(w_.head_dim_v, b) * ceil_div(w_.seqlen_kv, bk));
  }

 private:
  const Workload& w_;
  const Target& target_;
};

class BackwardTiles final : public TileModel {
 public:
  BackwardTiles(const Workload& w, const Target& target) : w_(w), target_(target) {}

  TileSizes limits() const override {
    const std::int64_t most = std::max({w_.seqlen_q, w_.seqlen_kv, w_.head_dim, w_.head_dim_v});
    return {most, most};
  }
  TileSizes paper() const override { return square_block_sizes(target_, limits()); }
  std::vector<TileShape> footprint(TileSizes t) const override {
    return ProductKernel::footprint(w_.dtype, t.first, t.second);
  }

  /// Elements of a row of P and of dP the kernel of dS holds at once, beside their product.
  std::int64_t row_chunk() const { return most_of_a_row(w_, target_, 2, 1); }

  /// Four products, each moving its factors once per block of the other side, and the kernel of dS.
  ClosedForm closed_form(TileSizes t) const override {
    const auto b = static_cast<std::uint64_t>(t.first);
    const auto blocks = [b](std::int64_t n) { return (static_cast<std::uint64_t>(n) + b - 1) / b; };
    const auto rows = static_cast<std::uint64_t>(w_.seqlen_q * w_.query_planes());
    const auto keys = static_cast<std::uint64_t>(w_.seqlen_kv * w_.query_planes());
    const auto kv_rows = static_cast<std::uint64_t>(w_.seqlen_kv * w_.kv_planes());
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const std::uint64_t scores = rows * static_cast<std::uint64_t>(w_.seqlen_kv);
    const std::uint64_t passes = row_chunk() == w_.seqlen_kv ? 1 : 2;
    const std::uint64_t by_key = blocks(w_.seqlen_kv);  // passes over the rows
    const std::uint64_t by_row = blocks(w_.seqlen_q);   // passes over the keys
    const DType dtype = w_.dtype;
    return {{.tensor = "Q", .dtype = dtype, .read = rows * d * by_key},
            {.tensor = "K", .dtype = dtype, .read = keys * d * by_row},
            {.tensor = "V", .dtype = dtype, .read = keys * dv * by_row},
            {.tensor = "P", .dtype = dtype, .read = scores * (blocks(w_.head_dim_v) + passes)},
            {.tensor = "dO", .dtype = dtype, .read = 2 * rows * dv * by_key},
            {.tensor = "dQ", .dtype = dtype, .written = rows * d},
            {.tensor = "dK", .dtype = dtype, .written = kv_rows * d},
            {.tensor = "dV", .dtype = dtype, .written = kv_rows * dv},
            {.tensor = "dP", .dtype = dtype, .read = scores * passes, .written = scores},
            {.tensor = "dS",
             .dtype = dtype,
             .read = 2 * scores * blocks(w_.head_dim),
             .written = scores}};
  }

  bool second_only_helps() const override { return true; }
  std::uint64_t iterations(TileSizes t) const override {
    const auto [b, bk] = t;
    const std::int64_t by_row = ceil_div(w_.seqlen_q, b);
    const std::int64_t by_key = ceil_div(w_.seqlen_kv, b);
    const std::int64_t by_d = ceil_div(w_.head_dim, b);
    const std::int64_t by_dv = ceil_div(w_.head_dim_v, b);
    return static_cast<std::uint64_t>(by_row * by_key * ceil_div(w_.head_dim_v, bk) +
                                      by_key * (by_d + by_dv) * ceil_div(w_.seqlen_q, bk) +
                                      by_row * by_d * ceil_div(w_.seqlen_kv, bk));
  }

 private:
  const Workload& w_;
  const Target& target_;
};

class Standard final : public Schedule {
 public:
  explicit Standard(const PlanRequest& r)
      : w_(r.workload),
        mask_(w_),
        forward_model_(w_, r.target),
        backward_model_(w_, r.target),
        chunk_(forward_model_.row_chunk()),
        gradient_chunk_(backward_model_.row_chunk()) {
    t_ = add_attention_tensors(program_, w_, 1, w_.runs_forward());
    if (w_.runs_forward()) s_ = program_.add(scores_tensor("S", TensorRole::workspace));
    p_ = program_.add(scores_tensor("P", TensorRole::probabilities));
    if (w_.runs_forward()) plan_forward(r);
    if (w_.runs_backward()) plan_backward(r);
  }

  ClosedForm closed_form() const override {
    ClosedForm form;
    if (w_.runs_forward()) form = forward_model_.closed_form(forward_);
    if (w_.runs_backward()) form = sum(form, backward_model_.closed_form(backward_));
    return form;
  }

  /// One b x b block of S = scale Q K^T.
  Task scores(Emitter& em, GridIndex at) const {
    const auto [b, bk] = forward_;
    const Index plane = at[2];
    const Region out = s_.block(plane, at[0], b, at[1], b);
    Agent a = em.agent();
    Tile acc = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
    {
      Loop loop(em, all_blocks(ceil_div(w_.head_dim, bk)));
      for (Index z; co_await loop.next(z);) {
        Tile q = a.load(t_.q.block(plane, at[0], b, z, bk));               // [b, bk]
        Tile k = a.load(t_.k.block(t_.kv_plane(plane), at[1], b, z, bk));  // [b, bk]
        a.matmul_acc(acc, q, transposed(k), w_.dtype, scale_);
      }
    }
    a.store(acc, out);
  }

  /// Masks one b x b block of S in memory; every block, like a masked_fill over the whole of S.
  Task hide(Emitter& em, GridIndex at) const {
    const std::int64_t b = forward_.first;
    const Region block = s_.block(at[2], at[0], b, at[1], b);
    Agent a = em.agent();
    {
      Tile s = a.load(block, Role::accumulator);
      a.hide(s, mask_.tile(at[2], at[0], b, at[1], b));
      a.store(s, block);
    }
    co_return;
  }

  /// The rows of one block of S, one row at a time: in one go where a row fits on chip, else in two
  /// passes, the first for its statistics.
  Task softmax(Emitter& em, GridIndex at) const {
    const std::int64_t b = forward_.first;
    const Index plane = at[1];
    const bool row_fits = chunk_ == w_.seqlen_kv;
    const std::vector<Run> chunks = all_blocks(ceil_div(w_.seqlen_kv, chunk_));
    Agent a = em.agent();
    Loop rows(em, {Run::within_block(at[0], b, w_.seqlen_q)});
    for (Index r; co_await rows.next(r);) {
      if (row_fits) {
        Tile s = a.load(s_.block(plane, r, 1), Role::vector);  // [1, Nk]
        auto row = a.softmax_local(s);
        a.div_rows(s, row.l);
        a.store(s, p_.block(plane, r, 1));
        continue;
      }
      Tile m = a.fill(Role::vector, 1, 1, DType::f32, kMinusInfinity);
      Tile l = a.fill(Role::vector, 1, 1, DType::f32, 0);
      Loop first(em, chunks);
      for (Index c; co_await first.next(c);) {
        Tile s = a.load(s_.block(plane, r, 1, c, chunk_), Role::vector);
        a.softmax_stats(s, m, l);
      }
      Loop second(em, chunks);
      for (Index c; co_await second.next(c);) {
        Tile s = a.load(s_.block(plane, r, 1, c, chunk_), Role::vector);
        a.softmax_apply(s, m, l);
        a.store(s, p_.block(plane, r, 1, c, chunk_));
      }
    }
  }

  /// One block of O = P V.
  Task output(Emitter& em, GridIndex at) const {
    const auto [b, bk] = forward_;
    const Index plane = at[2];
    const Region out = t_.o.block(plane, at[0], b, at[1], b);
    Agent a = em.agent();
    Tile acc = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
    {
      Loop loop(em, all_blocks(ceil_div(w_.seqlen_kv, bk)));
      for (Index z; co_await loop.next(z);) {
        Tile p = a.load(p_.block(plane, at[0], b, z, bk));                 // [b, bk]
        Tile v = a.load(t_.v.block(t_.kv_plane(plane), z, bk, at[1], b));  // [bk, b]
        if (w_.dropout) a.dropout(p, t_.scores(plane, at[0], b, z, bk), w_.dropout);
        a.matmul_acc(acc, p, v, w_.dtype);
      }
    }
    a.store(acc, out);
  }

  /// The rows of one block of dS = P o (dP - rowsum(P o dP)), like softmax.
  Task score_gradients(Emitter& em, GridIndex at) const {
    const std::int64_t b = backward_.first;
    const Index plane = at[1];
    const std::int64_t chunk = gradient_chunk_;
    const bool row_fits = chunk == w_.seqlen_kv;
    const std::vector<Run> chunks = all_blocks(ceil_div(w_.seqlen_kv, chunk));
    Agent a = em.agent();
    Loop rows(em, {Run::within_block(at[0], b, w_.seqlen_q)});
    for (Index r; co_await rows.next(r);) {
      Tile mean = a.fill(Role::vector, 1, 1, DType::f32, 0);
      if (!row_fits) {
        Loop first(em, chunks);
        for (Index c; co_await first.next(c);) {
          Tile p = a.load(p_.block(plane, r, 1, c, chunk), Role::vector);
          Tile d_p = a.load(d_p_.block(plane, r, 1, c, chunk), Role::vector);
          a.row_dot_acc(mean, p, d_p);
        }
      }
      Loop second(em, chunks);
      for (Index c; co_await second.next(c);) {
        Tile p = a.load(p_.block(plane, r, 1, c, chunk), Role::vector);
        Tile d_p = a.load(d_p_.block(plane, r, 1, c, chunk), Role::vector);
        if (row_fits) a.row_dot_acc(mean, p, d_p);
        a.softmax_grad(d_p, p, mean);
        a.store(d_p, d_s_.block(plane, r, 1, c, chunk));
      }
    }
  }

 private:
  TensorDecl scores_tensor(const char* name, TensorRole role) const {
    return {name, role, w_.dtype, w_.query_planes(), w_.seqlen_q, w_.seqlen_kv};
  }

  void plan_forward(const PlanRequest& r) {
    forward_ = choose_nest(r, forward_model_);
    const std::int64_t b = forward_.first;
    const std::int64_t planes = w_.query_planes();
    const std::int64_t row_blocks = ceil_div(w_.seqlen_q, b);
    const std::int64_t key_blocks = ceil_div(w_.seqlen_kv, b);
    program_.add_kernel<&Standard::scores>(
        *this, "scores", {{"i", row_blocks}, {"j", key_blocks}, {"plane", planes}});
    if (w_.masked()) {
      program_.add_kernel<&Standard::hide>(
          *this, "mask", {{"i", row_blocks}, {"j", key_blocks}, {"plane", planes}});
    }
    program_.add_kernel<&Standard::softmax>(*this, "softmax",
                                            {{"i", row_blocks}, {"plane", planes}});
    program_.add_kernel<&Standard::output>(
        *this, "output", {{"i", row_blocks}, {"j", ceil_div(w_.head_dim_v, b)}, {"plane", planes}});
  }

  void plan_backward(const PlanRequest& r) {
    backward_ = choose_nest(r, backward_model_);
    const auto [b, bk] = backward_;
    g_ = add_gradient_tensors(program_, w_, w_.dtype);
    d_p_ = program_.add(scores_tensor("dP", TensorRole::workspace));
    d_s_ = program_.add(scores_tensor("dS", TensorRole::workspace));
    const DType dtype = w_.dtype;
    products_[0].add_to(program_, {"dv", {p_, true}, {g_.d_o}, g_.d_v, dtype}, b, bk);
    products_[0].drop(ProductKernel::Drops::left, w_.dropout, t_.shape);
    products_[1].add_to(program_, {"dp", {g_.d_o}, {t_.v, true}, d_p_, dtype}, b, bk);
    products_[1].drop(ProductKernel::Drops::result, w_.dropout, t_.shape);
    program_.add_kernel<&Standard::score_gradients>(
        *this, "ds", {{"i", ceil_div(w_.seqlen_q, b)}, {"plane", w_.query_planes()}});
    products_[2].add_to(program_, {"dq", {d_s_}, {t_.k}, g_.d_q, dtype, scale_}, b, bk);
    products_[3].add_to(program_, {"dk", {d_s_, true}, {t_.q}, g_.d_k, dtype, scale_}, b, bk);
  }

  const Workload w_;
  const AttentionMask mask_;
  const ForwardTiles forward_model_;
  const BackwardTiles backward_model_;
  const std::int64_t chunk_, gradient_chunk_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  TileSizes forward_{}, backward_{};
  AttentionTensors t_;
  GradientTensors g_;
  Tensor s_, p_, d_p_, d_s_;
  ProductKernel products_[4];
};

ATTNSIM_REGISTER_ALGORITHM("standard", [] { return Algorithm{info(), plan_schedule<Standard>}; });

}  // namespace
}  // namespace attnsim
