// Attention for small fast memories: Saha and Ye, arXiv 2402.07443, Algorithm 1. Both products are
// blocked by squares of B, so that an output block of either stays on chip; scores go to memory.
//
//     for i: for j: T = scale Q_i K_j^T, B columns of the head at a time; store S_ij = T;
//                   take T into the row statistics (m, l)
//            store m_i, l_i
//     for i: load m_i, l_i
//            for c: for j: load S_ij, P = exp(S_ij - m_i) / l_i; O_ic += P V_jc
//                   store O_ic
//
// The variant `literal` is the printed one: it stores exp(T) and row sums, without a maximum, and
// overflows where scores are large. outer_product_tiling is the same nest with one column of an
// operand on chip at a time: B^2 + 4 B words instead of 3 B^2 + 2 B, hence larger blocks.
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

/// What the two algorithms differ in: how much of an operand block is on chip at a time.
enum class Operands { whole_blocks, single_columns };

AlgorithmInfo info(Operands operands) {
  const bool square = operands == Operands::whole_blocks;
  return {
      .id = square ? "square_tiling" : "outer_product_tiling",
      .summary = square
                     ? "square blocks of scores and output, scores in memory"
                     : "square_tiling with operands in single columns, so that blocks are larger",
      .source = std::string("Saha and Ye 2024, arXiv 2402.07443, Algorithm 1") +
                (square ? "" : "; products as in Kwasniewski et al. 2019, arXiv 1908.09606"),
      .tiles = {{"B", "rows and columns of a block"}},
      .params = {{.name = "variant",
                  .type = ParamType::choice,
                  .default_value = "stable",
                  .doc = "stable: subtract the row maximum; literal: as printed, without it",
                  .choices = {"stable", "literal"}}},
      .block_masks = true,
  };
}

class Tiles final : public TileModel {
 public:
  Tiles(const Workload& w, const Target& target, Operands operands, bool stable)
      : w_(w), target_(target), counts_(w), operands_(operands), stable_(stable) {}

  TileSizes limits() const override {
    return {std::max({w_.seqlen_q, w_.seqlen_kv, w_.head_dim, w_.head_dim_v}), 1};
  }

  /// B = floor(sqrt(M / 4)); with single columns the largest B with B^2 + 4 B <= M.
  TileSizes paper() const override {
    const auto m = static_cast<std::int64_t>(target_.capacity_words(Role::operand));
    const std::int64_t size =
        operands_ == Operands::whole_blocks ? integer_sqrt(m / 4) : integer_sqrt(m + 4) - 2;
    return {std::clamp<std::int64_t>(size, 1, limits().first), 1};
  }

  /// Columns (rows) of an operand block that are on chip at a time.
  std::int64_t depth(std::int64_t B) const { return operands_ == Operands::whole_blocks ? B : 1; }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const std::int64_t B = t.first;
    const std::int64_t step = depth(B);
    const std::int64_t rows = std::min(B, w_.seqlen_q);
    const std::int64_t keys = std::min(B, w_.seqlen_kv);
    const std::int64_t cols = std::min(B, w_.head_dim_v);
    const TileShape statistics{Role::vector, DType::f32, rows, stable_ ? 2 : 1};  // m, l
    const std::int64_t head_step = std::min(step, w_.head_dim);
    const std::int64_t key_step = std::min(step, w_.seqlen_kv);
    return target_.peak({{{Role::accumulator, DType::f32, rows, keys},  // T
                          {Role::operand, w_.dtype, rows, head_step},   // Q
                          {Role::operand, w_.dtype, keys, head_step},   // K
                          statistics},
                         {{Role::accumulator, DType::f32, rows, cols},  // O
                          {Role::operand, w_.dtype, rows, key_step},    // S, then P in place
                          {Role::operand, w_.dtype, key_step, cols},    // V
                          statistics}});
  }

  /// Q and K once per visited block of scores they touch; S written once, and read once for each
  /// column block of V; V once per row block that sees it.
  ClosedForm closed_form(TileSizes t) const override {
    const std::int64_t B = t.first;
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const auto rows = static_cast<std::uint64_t>(w_.seqlen_q * w_.query_planes());
    const auto column_blocks = static_cast<std::uint64_t>(ceil_div(w_.head_dim_v, B));
    const Visits visits = counts_.visits(B, B);
    ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = visits.rows * d},
                       {.tensor = "K", .dtype = w_.dtype, .read = visits.columns * d},
                       {.tensor = "V", .dtype = w_.dtype, .read = visits.columns * dv},
                       {.tensor = "O", .dtype = w_.dtype, .written = rows * dv},
                       {.tensor = "S",
                        .dtype = w_.dtype,
                        .read = visits.elements * column_blocks,
                        .written = visits.elements},
                       {.tensor = "l", .dtype = DType::f32, .read = rows, .written = rows}};
    if (stable_)
      form.push_back({.tensor = "m", .dtype = DType::f32, .read = rows, .written = rows});
    // Both kernels read the lists, the second once for each column block.
    add_list_term(form, counts_.list_words(ceil_div(w_.seqlen_q, B), visits) * (1 + column_blocks));
    return form;
  }

  std::uint64_t closed_form_cost() const override { return counts_.cost(); }
  std::optional<Density> density(TileSizes t) const { return counts_.density(t.first, t.first); }

  bool second_only_helps() const override { return true; }
  std::uint64_t iterations(TileSizes t) const override {
    const std::int64_t B = t.first;
    const std::int64_t blocks = ceil_div(w_.seqlen_q, B);
    return static_cast<std::uint64_t>(
        blocks * ceil_div(w_.seqlen_kv, B) * ceil_div(w_.head_dim, depth(B)) +
        blocks * ceil_div(w_.head_dim_v, B) * ceil_div(w_.seqlen_kv, depth(B)));
  }

 private:
  const Workload& w_;
  const Target& target_;
  MaskCounts counts_;
  Operands operands_;
  bool stable_;
};

class SquareTiling final : public Schedule {
 public:
  SquareTiling(const PlanRequest& r, Operands operands)
      : w_(r.workload),
        stable_(r.choice.params.choice("variant") == "stable"),
        mask_(w_),
        model_(w_, r.target, operands, stable_) {
    choose_nest(r, model_);
    const std::int64_t B = tiles_.sizes.first;
    const std::int64_t planes = w_.query_planes();
    t_ = add_attention_tensors(program_, w_);
    s_ = program_.add({"S", TensorRole::workspace, w_.dtype, planes, w_.seqlen_q, w_.seqlen_kv});
    l_ = program_.add({"l", TensorRole::row_sum, DType::f32, planes, w_.seqlen_q, 1});
    if (stable_) {
      m_ = program_.add({"m", TensorRole::row_max, DType::f32, planes, w_.seqlen_q, 1});
    }
    const std::int64_t blocks = ceil_div(w_.seqlen_q, B);
    lists_ = TileLists(program_, blocks, ceil_div(w_.seqlen_kv, B));
    program_.add_kernel<&SquareTiling::scores>(*this, "scores", {{"i", blocks}, {"plane", planes}});
    program_.add_kernel<&SquareTiling::output>(*this, "output", {{"i", blocks}, {"plane", planes}});
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }
  std::optional<Density> density() const override { return model_.density(tiles_.sizes); }

  /// Phase 1: the blocks of S in one row of them, and the row statistics.
  Task scores(Emitter& em, GridIndex at) const {
    const std::int64_t B = tiles_.sizes.first;
    const std::int64_t step = model_.depth(B);
    const Index i = at[0];
    const Index plane = at[1];
    const double scale = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
    const std::int64_t rows = l_.block(plane, i, B).rows;
    Agent a = em.agent();
    Tile l = a.fill(Role::vector, rows, 1, DType::f32, 0);
    Tile m;
    if (stable_) m = a.fill(Role::vector, rows, 1, DType::f32, kMinusInfinity);
    lists_.read_length(a, plane, i);
    {
      Loop loop(em, mask_.key_blocks(plane, i, B, B));
      for (Index j; co_await loop.next(j);) {
        lists_.read_next(a, plane, i, loop);
        const Region out = s_.block(plane, i, B, j, B);
        Tile s = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [B, B]
        Loop columns(em, all_blocks(ceil_div(w_.head_dim, step)));
        for (Index z; co_await columns.next(z);) {
          Tile q = a.load(t_.q.block(plane, i, B, z, step));               // [B, step]
          Tile k = a.load(t_.k.block(t_.kv_plane(plane), j, B, z, step));  // [B, step]
          a.matmul_acc(s, q, transposed(k), w_.dtype, scale);
        }
        if (loop.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, B, j, B));
        if (stable_) {
          a.softmax_stats(s, m, l);
        } else {
          a.exp_sum(s, l);
        }
        a.store(s, out);
      }
    }
    a.store(l, l_.block(plane, i, B));
    if (stable_) a.store(m, m_.block(plane, i, B));
  }

  /// Phase 2: the blocks of O in one row of them.
  Task output(Emitter& em, GridIndex at) const {
    const std::int64_t B = tiles_.sizes.first;
    const std::int64_t step = model_.depth(B);
    const Index i = at[0];
    const Index plane = at[1];
    Agent a = em.agent();
    Tile l = a.load(l_.block(plane, i, B), Role::vector);
    Tile m;
    if (stable_) m = a.load(m_.block(plane, i, B), Role::vector);
    Loop columns(em, all_blocks(ceil_div(w_.head_dim_v, B)));
    for (Index c; co_await columns.next(c);) {
      const Region out = t_.o.block(plane, i, B, c, B);
      Tile o = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [B, B]
      lists_.read_length(a, plane, i);
      Loop loop(em, mask_.key_blocks(plane, i, B, B));
      for (Index j; co_await loop.next(j);) {
        lists_.read_next(a, plane, i, loop);
        Loop keys(em, {Run::within_block(j, B / step, ceil_div(w_.seqlen_kv, step))});
        for (Index z; co_await keys.next(z);) {
          Tile p = a.load(s_.block(plane, i, B, z, step));  // [B, step]
          if (stable_) {
            a.softmax_apply(p, m, l);
          } else {
            a.div_rows(p, l);
          }
          Tile v = a.load(t_.v.block(t_.kv_plane(plane), z, step, c, B));  // [step, B]
          a.matmul_acc(o, p, v, w_.dtype);
        }
      }
      a.store(o, out);
    }
  }

 private:
  const Workload w_;
  const bool stable_;
  const AttentionMask mask_;
  const Tiles model_;
  AttentionTensors t_;
  Tensor s_, l_, m_;
  TileLists lists_;
};

template <Operands kOperands>
Algorithm algorithm() {
  return {info(kOperands), [](const PlanRequest& r) -> std::unique_ptr<Schedule> {
            return std::make_unique<SquareTiling>(r, kOperands);
          }};
}

ATTNSIM_REGISTER_ALGORITHM("square_tiling", algorithm<Operands::whole_blocks>);
ATTNSIM_REGISTER_ALGORITHM("outer_product_tiling", algorithm<Operands::single_columns>);

}  // namespace
}  // namespace attnsim
