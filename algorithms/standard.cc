// Standard (unfused) attention: Dao et al., arXiv 2205.14135, Algorithm 0. Separate kernels with
// the N x N scores S and probabilities P in memory; matrix products are blocked, output-stationary.
//
//     S = scale Q K^T;  [S = mask(S)];  P = softmax(S) by rows;  O = P V
//
// The products ignore the mask: an unfused library kernel computes the whole of S.
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "standard",
      .summary = "unfused kernels, N x N scores and probabilities in memory",
      .source = "Dao et al. 2022, arXiv 2205.14135, Algorithm 0; blocked matrix products",
      .tiles = {{"b", "rows and columns of an output block"},
                {"bk", "depth of a step of the matrix products"}},
      .params = {},
      .block_masks = true,
  };
}

class Tiles final : public TileModel {
 public:
  Tiles(const Workload& w, const Target& target) : w_(w), target_(target) {}

  TileSizes limits() const override {
    return {std::max({w_.seqlen_q, w_.seqlen_kv, w_.head_dim_v}),
            std::max(w_.head_dim, w_.seqlen_kv)};
  }

  /// Three square blocks and one to spare: b = bk = floor(sqrt(M / 4)).
  TileSizes paper() const override {
    const auto m = static_cast<std::int64_t>(target_.capacity_words(Role::operand));
    const std::int64_t size = std::max<std::int64_t>(1, integer_sqrt(m / 4));
    return {std::min(size, limits().first), std::min(size, limits().second)};
  }

  /// Of a matrix product; the softmax kernel takes what fits of a row.
  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [b, bk] = t;
    return {{Role::operand, w_.dtype, b, bk},
            {Role::operand, w_.dtype, bk, b},
            {Role::accumulator, DType::f32, b, b}};
  }

  /// Elements of a row the softmax kernel holds at once, beside the row's two statistics.
  std::int64_t row_chunk() const {
    std::int64_t low = 1;
    std::int64_t high = w_.seqlen_kv;
    while (low < high) {
      const std::int64_t middle = (low + high + 1) / 2;
      if (target_.fits({{Role::vector, w_.dtype, 1, middle}, {Role::vector, DType::f32, 1, 2}})) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    return low;
  }

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

class Standard final : public Schedule {
 public:
  explicit Standard(const PlanRequest& r)
      : w_(r.workload), mask_(w_), model_(w_, r.target), chunk_(model_.row_chunk()) {
    tiles_ = choose_tiles(r.choice.tiles, r.info, model_, r.target);
    const std::int64_t b = tiles_.sizes.first;
    const std::int64_t planes = w_.query_planes();
    const std::int64_t nq = w_.seqlen_q;
    const std::int64_t nk = w_.seqlen_kv;
    t_ = add_attention_tensors(program_, w_);
    s_ = program_.add({"S", TensorRole::workspace, w_.dtype, planes, nq, nk});
    p_ = program_.add({"P", TensorRole::workspace, w_.dtype, planes, nq, nk});
    const std::int64_t row_blocks = ceil_div(nq, b);
    const std::int64_t key_blocks = ceil_div(nk, b);
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

  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  /// One b x b block of S = scale Q K^T.
  Task scores(Emitter& em, GridIndex at) const {
    const auto [b, bk] = tiles_.sizes;
    const Index plane = at[2];
    const double scale = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
    const Region out = s_.block(plane, at[0], b, at[1], b);
    Agent a = em.agent();
    Tile acc = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
    {
      Loop loop(em, all_blocks(ceil_div(w_.head_dim, bk)));
      for (Index z; co_await loop.next(z);) {
        Tile q = a.load(t_.q.block(plane, at[0], b, z, bk));               // [b, bk]
        Tile k = a.load(t_.k.block(t_.kv_plane(plane), at[1], b, z, bk));  // [b, bk]
        a.matmul_acc(acc, q, transposed(k), w_.dtype, scale);
      }
    }
    a.store(acc, out);
  }

  /// Masks one b x b block of S in memory; every block, like a masked_fill over the whole of S.
  Task hide(Emitter& em, GridIndex at) const {
    const std::int64_t b = tiles_.sizes.first;
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
    const std::int64_t b = tiles_.sizes.first;
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
    const auto [b, bk] = tiles_.sizes;
    const Index plane = at[2];
    const Region out = t_.o.block(plane, at[0], b, at[1], b);
    Agent a = em.agent();
    Tile acc = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [b, b]
    {
      Loop loop(em, all_blocks(ceil_div(w_.seqlen_kv, bk)));
      for (Index z; co_await loop.next(z);) {
        Tile p = a.load(p_.block(plane, at[0], b, z, bk));                 // [b, bk]
        Tile v = a.load(t_.v.block(t_.kv_plane(plane), z, bk, at[1], b));  // [bk, b]
        a.matmul_acc(acc, p, v, w_.dtype);
      }
    }
    a.store(acc, out);
  }

 private:
  const Workload w_;
  const AttentionMask mask_;
  const Tiles model_;
  const std::int64_t chunk_;
  AttentionTensors t_;
  Tensor s_, p_;
};

ATTNSIM_REGISTER_ALGORITHM("standard", [] { return Algorithm{info(), plan_schedule<Standard>}; });

}  // namespace
}  // namespace attnsim
