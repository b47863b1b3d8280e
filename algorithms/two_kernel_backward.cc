// Backward pass in two kernels that share nothing but D: one accumulates dK and dV, the other dQ,
// each on chip. S and dP are computed twice (seven products instead of five), and no gradient is
// read back. The structure of the Triton backward kernels; derived from Dao, arXiv 2307.08691,
// Algorithm 2.
//
//     D = rowsum(dO o O)
//     for j: load K_j, V_j; dK = 0, dV = 0
//       for i: load Q_i, dO_i, L_i, D_i; P, dS of (i, j); dV += P^T dO_i; dK += dS^T Q_i
//       store dK_j, dV_j
//     for i: load Q_i, dO_i, L_i, D_i; dQ = 0
//       for j: load K_j, V_j; P, dS of (i, j); dQ += dS K_j
//       store dQ_i
//
// With `delta: dq` the kernel of dQ comes first and finds D of its rows, which needs O but no dO.
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "two_kernel_backward",
      .summary = "backward pass that recomputes: one kernel for dK and dV, one for dQ",
      .source = "two-kernel form of Dao 2023, arXiv 2307.08691, Algorithm 2, as in Triton",
      .passes = {Pass::backward},
      .tiles = {{"Br", "query rows of a block, kernel of dK and dV"},
                {"Bc", "keys of a block, kernel of dK and dV"},
                {"Br_dq", "query rows of a block, kernel of dQ", "Br"},
                {"Bc_dq", "keys of a block, kernel of dQ", "Bc"}},
      .params = {{.name = "delta",
                  .type = ParamType::choice,
                  .default_value = "kernel",
                  .doc = "where D = rowsum(dO o O) is found: in a kernel of its own, or in that of "
                         "dQ, which then runs first",
                  .choices = {"kernel", "dq"}}},
      .dropout = true,
      .bound_class = {.recomputes = {Pass::backward}},
      .block_masks = true,
  };
}

/// Each kernel has its lists of the tiles that a block mask shows.
constexpr const char* kKeyLists = "mask_dk_dv";
constexpr const char* kQueryLists = "mask_dq";

/// What both kernels' models know. They read Q, dO, L and D by rows, K and V by keys.
class KernelTiles : public RowKeyTiles {
 public:
  using RowKeyTiles::RowKeyTiles;

 protected:
  /// The inputs, `by_row` rows and `by_key` keys of them.
  ClosedForm inputs(std::uint64_t by_row, std::uint64_t by_key) const {
    return {{.tensor = "Q", .dtype = w_.dtype, .read = by_row * d()},
            {.tensor = "K", .dtype = w_.dtype, .read = by_key * d()},
            {.tensor = "V", .dtype = w_.dtype, .read = by_key * dv()},
            {.tensor = "L", .dtype = DType::f32, .read = by_row},
            {.tensor = "dO", .dtype = w_.dtype, .read = by_row * dv()},
            {.tensor = "D", .dtype = DType::f32, .read = by_row}};
  }
};

class KeyTiles final : public KernelTiles {
 public:
  using KernelTiles::KernelTiles;

  /// FlashAttention-1's, whose loop order this is.
  TileSizes paper() const override { return flash_attention_sizes(target_, w_.head_dim, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Bc, w_.head_dim},          // K
            {Role::operand, w_.dtype, Bc, w_.head_dim_v},        // V
            {Role::accumulator, DType::f32, Bc, w_.head_dim},    // dK
            {Role::accumulator, DType::f32, Bc, w_.head_dim_v},  // dV
            {Role::operand, w_.dtype, Br, w_.head_dim},          // Q
            {Role::operand, w_.dtype, Br, w_.head_dim_v},        // dO
            {Role::accumulator, DType::f32, Br, 2 * Bc},         // S, then P; dP, then dS
            {Role::vector, DType::f32, Br, 2}};                  // L, D
  }

  /// K and V once, the rows once per visit by a key block.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    ClosedForm form = sum(inputs(v.rows, keys()),
                          {{.tensor = "dK", .dtype = w_.dtype, .written = keys() * d()},
                           {.tensor = "dV", .dtype = w_.dtype, .written = keys() * dv()}});
    add_list_term(form, lists_by_key(t, v), kKeyLists);
    return form;
  }
};

class RowTiles final : public KernelTiles {
 public:
  RowTiles(const Workload& w, const Target& target, bool finds_delta)
      : KernelTiles(w, target), finds_delta_(finds_delta) {}

  /// FlashAttention-1's with the roles of rows and keys exchanged, as the loops are.
  TileSizes paper() const override {
    const auto [Br, Bc] = flash_attention_sizes(target_, w_.head_dim, {w_.seqlen_kv, w_.seqlen_q});
    return {Bc, Br};
  }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    std::vector<TileShape> loop = {
        {Role::operand, w_.dtype, Br, w_.head_dim},        // Q
        {Role::operand, w_.dtype, Br, w_.head_dim_v},      // dO
        {Role::accumulator, DType::f32, Br, w_.head_dim},  // dQ
        {Role::operand, w_.dtype, Bc, w_.head_dim},        // K
        {Role::operand, w_.dtype, Bc, w_.head_dim_v},      // V
        {Role::accumulator, DType::f32, Br, 2 * Bc},       // S, then P; dP, then dS
        {Role::vector, DType::f32, Br, 2}};                // L, D
    if (!finds_delta_) return loop;
    return target_.peak({loop,
                         {{Role::operand, w_.dtype, Br, 2 * w_.head_dim_v},  // dO, O
                          {Role::vector, DType::f32, Br, 1}}});              // D
  }

  /// The rows once, K and V once per query block that sees them. O takes the place of D, which is
  /// stored, where it is found here.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    ClosedForm form = sum(inputs(rows(), v.columns),
                          {{.tensor = "dQ", .dtype = w_.dtype, .written = rows() * d()}});
    if (finds_delta_) {
      ClosedFormTerm& delta = form[5];
      delta.read = 0;
      delta.written = rows();
      form.push_back({.tensor = "O", .dtype = w_.dtype, .read = rows() * dv()});
    }
    add_list_term(form, lists_by_row(t, v), kQueryLists);
    return form;
  }

 private:
  bool finds_delta_;
};

class TwoKernelBackward final : public Schedule {
 public:
  explicit TwoKernelBackward(const PlanRequest& r)
      : w_(r.workload),
        target_(r.target),
        mask_(w_),
        key_model_(w_, r.target),
        finds_delta_(r.choice.params.choice("delta") == "dq"),
        row_model_(w_, r.target, finds_delta_),
        by_key_(choose_nest(r, key_model_)),
        by_row_(choose_nest(r, row_model_)) {
    const std::int64_t planes = w_.query_planes();
    t_ = add_attention_tensors(program_, w_);
    l_ = program_.add({"L", TensorRole::lse, DType::f32, planes, w_.seqlen_q, 1});
    g_ = add_gradient_tensors(program_, w_, w_.dtype);
    if (finds_delta_) {
      d_ = program_.add({"D", TensorRole::delta, DType::f32, planes, w_.seqlen_q, 1});
    } else {
      delta_.add_to(program_, t_.o, g_.d_o, by_row_.first, std::min(w_.head_dim, w_.head_dim_v));
      d_ = delta_.delta();
    }
    const std::int64_t key_blocks = ceil_div(w_.seqlen_kv, by_key_.second);
    const std::int64_t row_blocks = ceil_div(w_.seqlen_q, by_row_.first);
    key_lists_ = TileLists(program_, key_blocks, ceil_div(w_.seqlen_q, by_key_.first), kKeyLists);
    row_lists_ =
        TileLists(program_, row_blocks, ceil_div(w_.seqlen_kv, by_row_.second), kQueryLists);
    if (finds_delta_) add_query_kernel(row_blocks);
    program_.add_kernel<&TwoKernelBackward::key_gradients>(
        *this, "dk_dv", {{"j", key_blocks}, {"plane", w_.kv_planes()}});
    if (!finds_delta_) add_query_kernel(row_blocks);
  }

  std::vector<TileShape> footprint() const override {
    return target_.peak({key_model_.footprint(by_key_), row_model_.footprint(by_row_)});
  }

  ClosedForm closed_form() const override {
    ClosedForm form = sum(key_model_.closed_form(by_key_), row_model_.closed_form(by_row_));
    if (finds_delta_) return form;
    const auto rows = static_cast<std::uint64_t>(w_.seqlen_q * w_.query_planes());
    const std::uint64_t outputs = rows * static_cast<std::uint64_t>(w_.head_dim_v);
    const ClosedForm delta = {{.tensor = "O", .dtype = w_.dtype, .read = outputs},
                              {.tensor = "dO", .dtype = w_.dtype, .read = outputs},
                              {.tensor = "D", .dtype = DType::f32, .written = rows}};
    return sum(std::move(form), delta);
  }

  std::optional<Density> density() const override { return key_model_.density(by_key_); }

  /// dK and dV of one key block, over all query heads that share it.
  Task key_gradients(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = by_key_;
    const Index j = at[0];
    const Index kv_plane = at[1];

    Agent a = em.agent();
    Tile k = a.load(t_.k.block(kv_plane, j, Bc));                                  // [Bc, d]
    Tile v = a.load(t_.v.block(kv_plane, j, Bc));                                  // [Bc, dv]
    Tile d_k = a.fill(Role::accumulator, k.rows(), w_.head_dim, DType::f32, 0);    // [Bc, d]
    Tile d_v = a.fill(Role::accumulator, k.rows(), w_.head_dim_v, DType::f32, 0);  // [Bc, dv]
    Loop heads(em, t_.query_planes(kv_plane));
    for (Index plane; co_await heads.next(plane);) {
      key_lists_.read_length(a, plane, j);
      Loop loop(em, mask_.row_blocks(plane, j, Br, Bc));
      for (Index i; co_await loop.next(i);) {
        key_lists_.read_next(a, plane, j, loop);
        const Rows rows = load_rows(a, plane, i, Br);
        Scores s = scores(a, rows, k, v, loop.kind(), {plane, i, Br, j, Bc});
        a.matmul_acc(d_v, transposed(s.p), rows.d_o, w_.dtype);
        a.matmul_acc(d_k, transposed(s.d_s), rows.q, w_.dtype, scale_);
      }
    }
    a.store(d_k, g_.d_k.block(kv_plane, j, Bc));
    a.store(d_v, g_.d_v.block(kv_plane, j, Bc));
  }

  /// dQ of one query block.
  Task query_gradients(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = by_row_;
    const Index i = at[0];
    const Index plane = at[1];
    const Index kv_plane = t_.kv_plane(plane);

    Agent a = em.agent();
    const Rows rows =
        finds_delta_ ? load_rows_for_delta(a, plane, i, Br) : load_rows(a, plane, i, Br);
    Tile d_q = a.fill(Role::accumulator, rows.q.rows(), w_.head_dim, DType::f32, 0);  // [Br, d]
    row_lists_.read_length(a, plane, i);
    {
      Loop loop(em, mask_.key_blocks(plane, i, Br, Bc));
      for (Index j; co_await loop.next(j);) {
        row_lists_.read_next(a, plane, i, loop);
        Tile k = a.load(t_.k.block(kv_plane, j, Bc));  // [Bc, d]
        Tile v = a.load(t_.v.block(kv_plane, j, Bc));  // [Bc, dv]
        Scores s = scores(a, rows, k, v, loop.kind(), {plane, i, Br, j, Bc});
        a.matmul_acc(d_q, s.d_s, k, w_.dtype, scale_);
      }
    }
    a.store(d_q, g_.d_q.block(plane, i, Br));
  }

 private:
  void add_query_kernel(std::int64_t row_blocks) {
    program_.add_kernel<&TwoKernelBackward::query_gradients>(
        *this, "dq", {{"i", row_blocks}, {"plane", w_.query_planes()}});
  }

  /// A query block: Q [Br, d], dO [Br, dv], L and D [Br, 1].
  struct Rows {
    Tile q, d_o, lse, delta;
  };
  struct Scores {
    Tile p, d_s;  // [Br, Bc]
  };
  struct Place {
    Index plane, i;
    std::int64_t Br;
    Index j;
    std::int64_t Bc;
  };

  Rows load_rows(Agent a, Index plane, Index i, std::int64_t Br) const {
    Tile q = a.load(t_.q.block(plane, i, Br));
    Tile d_o = a.load(g_.d_o.block(plane, i, Br));
    Tile lse = a.load(l_.block(plane, i, Br), Role::vector);
    Tile delta = a.load(d_.block(plane, i, Br), Role::vector);
    return {std::move(q), std::move(d_o), std::move(lse), std::move(delta)};
  }

  Rows load_rows_for_delta(Agent a, Index plane, Index i, std::int64_t Br) const {
    Tile d_o = a.load(g_.d_o.block(plane, i, Br));
    Tile delta = a.fill(Role::vector, d_o.rows(), 1, DType::f32, 0);
    {
      const Tile o = a.load(t_.o.block(plane, i, Br));
      a.row_dot_acc(delta, d_o, o);
    }
    a.store(delta, d_.block(plane, i, Br));
    Tile q = a.load(t_.q.block(plane, i, Br));
    Tile lse = a.load(l_.block(plane, i, Br), Role::vector);
    return {std::move(q), std::move(d_o), std::move(lse), std::move(delta)};
  }

  Scores scores(Agent a, const Rows& rows, const Tile& k, const Tile& v, TileKind kind,
                const Place& at) const {
    Tile p = a.matmul(rows.q, transposed(k), w_.dtype, scale_);
    if (kind != TileKind::full) a.hide(p, mask_.tile(at.plane, at.i, at.Br, at.j, at.Bc));
    a.exp_rows(p, rows.lse);
    Tile d_s = score_gradient(a, p, rows.d_o, v, rows.delta, w_,
                              t_.scores(at.plane, at.i, at.Br, at.j, at.Bc));
    return {std::move(p), std::move(d_s)};
  }

  const Workload w_;
  const Target& target_;
  const AttentionMask mask_;
  const KeyTiles key_model_;
  const bool finds_delta_;
  const RowTiles row_model_;
  const TileSizes by_key_, by_row_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));
  AttentionTensors t_;
  GradientTensors g_;
  Tensor l_, d_;
  TileLists key_lists_, row_lists_;
  DeltaKernel delta_;
};

ATTNSIM_REGISTER_ALGORITHM("two_kernel_backward", [] {
  return Algorithm{info(), plan_schedule<TwoKernelBackward>};
});

}  // namespace
}  // namespace attnsim
