// FlashAttention-2: Dao, arXiv 2307.08691. Forward, Algorithm 1: query blocks outside, key blocks
// inside; the output accumulates on chip, unnormalised, and is written once.
//
//     for i: load Q_i; O = 0, l = 0, m = -inf
//       for j: load K_j, V_j; S = Q_i K_j^T; online softmax of S into (m, l), O; O += P V_j
//       store O / l and L = m + log l
//
// Backward, Algorithm 2: key blocks outside; dK and dV accumulate on chip, dQ in memory, in fp32.
// (The printed inner loop also loads O_i, which nothing uses once D is stored: left out.)
//
//     D = rowsum(dO o O); store dQ = 0
//     for j: load K_j, V_j; dK = 0, dV = 0
//       for i: load Q_i, dO_i, L_i, D_i; P = exp(Q_i K_j^T - L_i); dS = P o (dO_i V_j^T - D_i)
//              dV += P^T dO_i; dK += dS^T Q_i; dQ_i += dS K_j in memory
//       store dK_j, dV_j
//
// `scan: alternating` passes through the keys to and fro, as the published sawtooth orders
// do: the keys a block ends with are those that the next one begins with, still in the L2.
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "sim/trace/algorithm.h"
#include "sim/trace/two_pass_schedule.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "flash_attention_2",
      .summary = "fused attention, query blocks outside, output accumulated on chip",
      .source = "Dao 2023, arXiv 2307.08691, Algorithms 1 and 2",
      .passes = {Pass::forward, Pass::backward, Pass::forward_backward},
      .tiles = {{"Br", "query rows of a block"},
                {"Bc", "keys of a block"},
                {"Br_backward", "query rows, of the backward pass in forward_backward", "Br"},
                {"Bc_backward", "keys, of the backward pass in forward_backward", "Bc"}},
      .params = {pack_gqa_parameter(),
                 {.name = "dq",
                  .type = ParamType::choice,
                  .default_value = "core",
                  .doc = "where dQ is added up in the backward pass: read, added and written back "
                         "by the core, or by an atomic add at the memory",
                  .choices = {"core", "atomic"}},
                 {.name = "convert_dq",
                  .type = ParamType::boolean,
                  .default_value = "false",
                  .doc = "store dQ once more in the workload's dtype at the end, as the released "
                         "backward pass does"},
                 {.name = "warps",
                  .type = ParamType::integer,
                  .default_value = "0",
                  .doc = "of a CTA of the forward pass, which only time asks for; 0: as released",
                  .minimum = 0,
                  .maximum = 32},
                 {.name = "cta_order",
                  .type = ParamType::choice,
                  .default_value = "rows_first",
                  .doc = "which tasks are issued one after another: the query blocks of a head, or "
                         "the heads at one query block",
                  .choices = {"rows_first", "heads_first"}},
                 {.name = "scan",
                  .type = ParamType::choice,
                  .default_value = "forward",
                  .doc = "how tasks pass through the keys: all from the first on, or every other "
                         "group from the last on, so that it begins where the one before ended",
                  .choices = {"forward", "alternating"}},
                 {.name = "scan_group",
                  .type = ParamType::integer,
                  .unit = "tasks",
                  .default_value = "1",
                  .doc = "tasks issued one after another that scan alike: those in flight together",
                  .minimum = 1}},
      .dropout = true,
      .block_masks = true,
  };
}

/// Ampere and later. The released kernel knows sm8x but sm80 as parts with less shared memory, and
/// runs on all others, Blackwell included, as on sm80.
bool knows(const std::string& arch) {
  static constexpr const char* kArchs[] = {"sm80",  "sm86",  "sm89", "sm90",
                                           "sm100", "sm103", "sm120"};
  return std::find(std::begin(kArchs), std::end(kArchs), arch) != std::end(kArchs);
}

/// The forward tile table of the released kernel (flash_fwd_launch_template.h) by architecture;
/// head_dim is rounded up to the next entry. With dropout three of the entries are narrower.
std::optional<TileSizes> released_tiles(const std::string& arch, const Workload& w) {
  const bool small_smem = arch == "sm86" || arch == "sm89";  // 99 KiB a block
  const bool half = w.dtype == DType::f16 || w.dtype == DType::bf16;
  if (!knows(arch) || !half || w.head_dim != w.head_dim_v || w.head_dim > 256) return std::nullopt;
  if (w.head_dim <= 64) return TileSizes{128, w.dropout && w.head_dim > 32 ? 64 : 128};
  if (w.head_dim <= 96) return small_smem && w.causal ? TileSizes{64, 64} : TileSizes{128, 64};
  if (w.head_dim <= 128) {
    if (w.dropout) return TileSizes{128, 32};
    if (small_smem) return w.causal ? TileSizes{64, 64} : TileSizes{128, 32};
    return TileSizes{128, 64};
  }
  if (w.head_dim <= 192) return TileSizes{w.dropout ? 64 : 128, 64};
  return arch == "sm80" ? TileSizes{128, 64} : TileSizes{64, 64};
}

class ForwardTiles final : public RowKeyTiles {
 public:
  using RowKeyTiles::RowKeyTiles;

  std::optional<TileSizes> released() const override { return released_tiles(target_.arch(), w_); }

  TileSizes paper() const override { return rows_outside_sizes(target_, w_.head_dim, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    return online_softmax_footprint(t);
  }

  /// Q and O once, L once; K and V once per query block that sees them.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = rows() * d()},
                       {.tensor = "K", .dtype = w_.dtype, .read = v.columns * d()},
                       {.tensor = "V", .dtype = w_.dtype, .read = v.columns * dv()},
                       {.tensor = "O", .dtype = w_.dtype, .written = rows() * dv()},
                       {.tensor = "L", .dtype = DType::f32, .written = rows()}};
    add_list_term(form, lists_by_row(t, v));
    return form;
  }
};

/// A thread of the released kernels takes all the registers it can have.
constexpr std::int64_t kRegisters = 255;

/// Warps of a CTA of the released forward kernel: 8 where the output of 128 rows would not fit into
/// the registers of 4.
std::int64_t forward_warps(const Workload& w, const TileSizes& t) {
  return w.head_dim > 128 && t.first >= 128 ? 8 : 4;
}

/// The backward tile table of the released kernel (flash_bwd_launch_template.h); head_dim is
/// rounded up to the next entry. Of head_dim 32 the table is not known here.
std::optional<TileSizes> released_backward_tiles(const std::string& arch, const Workload& w) {
  const bool small_smem = arch == "sm86" || arch == "sm89" || arch == "sm120";  // 99 KiB a block
  const bool half = w.dtype == DType::f16 || w.dtype == DType::bf16;
  if (!knows(arch) || !half || w.head_dim != w.head_dim_v || w.head_dim <= 32 || w.head_dim > 256) {
    return std::nullopt;
  }
  if (w.head_dim <= 64) return small_smem ? TileSizes{64, 128} : TileSizes{128, 128};
  if (w.head_dim <= 96) return TileSizes{64, 128};
  if (w.head_dim <= 128) return small_smem ? TileSizes{64, 64} : TileSizes{64, 128};
  if (w.head_dim <= 192 || !small_smem) return TileSizes{64, 64};
  if (w.dropout) return std::nullopt;
  return TileSizes{64, 32};
}

class BackwardTiles final : public RowKeyTiles {
 public:
  BackwardTiles(const Workload& w, const Target& target, std::int64_t group, AddAt dq, bool convert)
      : RowKeyTiles(w, target, group), dq_(dq), convert_(convert) {}

  std::optional<TileSizes> released() const override {
    return released_backward_tiles(target_.arch(), w_);
  }

  /// The paper gives no formula; these are FlashAttention-1's, whose loop order this is.
  TileSizes paper() const override { return flash_attention_sizes(target_, w_.head_dim, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Bc, w_.head_dim},          // K
            {Role::operand, w_.dtype, Bc, w_.head_dim_v},        // V
            {Role::accumulator, DType::f32, Bc, w_.head_dim},    // dK
            {Role::accumulator, DType::f32, Bc, w_.head_dim_v},  // dV
            {Role::operand, w_.dtype, Br, w_.head_dim},          // Q
            {Role::operand, w_.dtype, Br, w_.head_dim_v},        // dO
            {Role::accumulator, DType::f32, Br, w_.head_dim},    // what dQ gains
            {Role::accumulator, DType::f32, Br, 2 * Bc},         // S, then P; dP, then dS
            {Role::vector, DType::f32, Br, 2}};                  // L, D
  }

  /// K, V, dK, dV once, O once; Q, dO, L, D once per visit of a row block by a key block, dQ too,
  /// besides its initial zeros.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    ClosedForm form = {
        {.tensor = "Q", .dtype = w_.dtype, .read = v.rows * d()},
        {.tensor = "K", .dtype = w_.dtype, .read = keys() * d()},
        {.tensor = "V", .dtype = w_.dtype, .read = keys() * dv()},
        {.tensor = "O", .dtype = w_.dtype, .read = rows() * dv()},
        {.tensor = "L", .dtype = DType::f32, .read = v.rows},
        {.tensor = "dO", .dtype = w_.dtype, .read = (rows() + v.rows) * dv()},
        {.tensor = "dQ",
         .dtype = DType::f32,
         .read = (dq_ == AddAt::core ? v.rows * d() : 0) + (convert_ ? rows() * d() : 0),
         .written = (rows() + v.rows) * d()},
        {.tensor = "dK", .dtype = w_.dtype, .written = keys() * d()},
        {.tensor = "dV", .dtype = w_.dtype, .written = keys() * dv()},
        {.tensor = "D", .dtype = DType::f32, .read = v.rows, .written = rows()}};
    if (convert_) {
      form.push_back({.tensor = "dQ_rounded", .dtype = w_.dtype, .written = rows() * d()});
    }
    add_list_term(form, lists_by_key(t, v), kBackwardLists);
    return form;
  }

 private:
  AddAt dq_;
  bool convert_;
};

/// Where dQ is added up; a forward pass does not ask.
AddAt add_at(const PlanRequest& r) {
  const bool atomic = r.workload.runs_backward() && r.choice.params.choice("dq") == "atomic";
  return atomic ? AddAt::memory : AddAt::core;
}

std::int64_t heads_per_plane(const PlanRequest& r) {
  if (!r.choice.params.boolean("pack_gqa")) return 1;
  if (r.workload.mask) {
    throw UserError(
        "algorithm.pack_gqa: expected false with a block mask: the heads of a group may "
        "see different blocks");
  }
  return r.workload.group();
}

class FlashAttention2 final : public TwoPassSchedule {
 public:
  explicit FlashAttention2(const PlanRequest& r)
      : TwoPassSchedule(r),
        group_(heads_per_plane(r)),
        dq_(add_at(r)),
        convert_dq_(w_.runs_backward() && r.choice.params.boolean("convert_dq")),
        row_dim_(r.choice.params.choice("cta_order") == "rows_first" ? 0 : 1),
        scan_group_(r.choice.params.choice("scan") == "alternating"
                        ? std::optional(r.choice.params.integer("scan_group"))
                        : std::nullopt),
        mask_(w_, group_),
        forward_model_(w_, r.target, group_),
        backward_model_(w_, r.target, group_, dq_, convert_dq_) {
    t_ = add_attention_tensors(program_, w_, group_);
    l_ = program_.add({"L", TensorRole::lse, DType::f32, t_.q.planes(), mask_.rows(), 1, group_});
    if (w_.runs_forward()) plan_forward(r);
    if (w_.runs_backward()) plan_backward(r);
  }

  Task forward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = forward_;
    const Index i = at[row_dim_];
    const Index plane = at[1 - row_dim_];
    const Index kv_plane = t_.kv_plane(plane);

    Agent a = em.agent();
    Tile q = a.load(t_.q.block(plane, i, Br));                                     // [Br, d]
    Tile acc = a.fill(Role::accumulator, q.rows(), w_.head_dim_v, DType::f32, 0);  // [Br, dv]
    Tile m = a.fill(Role::vector, q.rows(), 1, DType::f32, kMinusInfinity);        // [Br, 1]
    Tile l = a.fill(Role::vector, q.rows(), 1, DType::f32, 0);                     // [Br, 1]
    lists_.read_length(a, plane, i);
    {
      Loop loop(em, scan(mask_.key_blocks(plane, i, Br, Bc), at));
      for (Index j; co_await loop.next(j);) {
        lists_.read_next(a, plane, i, loop);
        Tile k = a.load(t_.k.block(kv_plane, j, Bc));           // [Bc, d]
        Tile v = a.load(t_.v.block(kv_plane, j, Bc));           // [Bc, dv]
        Tile s = a.matmul(q, transposed(k), w_.dtype, scale_);  // [Br, Bc]
        if (loop.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, Br, j, Bc));
        a.online_softmax(s, m, l, acc);
        if (w_.dropout) a.dropout(s, t_.scores(plane, i, Br, j, Bc), w_.dropout);
        a.matmul_acc(acc, s, v, w_.dtype);
      }
    }
    a.div_rows(acc, l);
    a.lse(m, l);
    a.store(acc, t_.o.block(plane, i, Br));
    a.store(m, l_.block(plane, i, Br));
  }

  Task clear(Emitter& em, GridIndex at) const {
    em.agent().init(g_.d_q.block(at[1], at[0], backward_.first), 0);
    co_return;
  }

  /// dK and dV of one key block, over all query heads that share it.
  Task backward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = backward_;
    const Index j = at[0];
    const Index kv_plane = at[1];

    Agent a = em.agent();
    Tile k = a.load(t_.k.block(kv_plane, j, Bc));                                  // [Bc, d]
    Tile v = a.load(t_.v.block(kv_plane, j, Bc));                                  // [Bc, dv]
    Tile d_k = a.fill(Role::accumulator, k.rows(), w_.head_dim, DType::f32, 0);    // [Bc, d]
    Tile d_v = a.fill(Role::accumulator, k.rows(), w_.head_dim_v, DType::f32, 0);  // [Bc, dv]
    Loop heads(em, t_.query_planes(kv_plane));
    for (Index plane; co_await heads.next(plane);) {
      backward_lists_.read_length(a, plane, j);
      Loop rows(em, mask_.row_blocks(plane, j, Br, Bc));
      for (Index i; co_await rows.next(i);) {
        backward_lists_.read_next(a, plane, j, rows);
        Tile q = a.load(t_.q.block(plane, i, Br));                              // [Br, d]
        Tile d_o = a.load(g_.d_o.block(plane, i, Br));                          // [Br, dv]
        Tile lse = a.load(l_.block(plane, i, Br), Role::vector);                // [Br, 1]
        Tile delta = a.load(delta_.delta().block(plane, i, Br), Role::vector);  // [Br, 1]
        Tile p = a.matmul(q, transposed(k), w_.dtype, scale_);                  // [Br, Bc]
        if (rows.kind() != TileKind::full) a.hide(p, mask_.tile(plane, i, Br, j, Bc));
        a.exp_rows(p, lse);
        Tile d_s = score_gradient(a, p, d_o, v, delta, w_, t_.scores(plane, i, Br, j, Bc));
        a.matmul_acc(d_v, transposed(p), d_o, w_.dtype);
        a.matmul_acc(d_k, transposed(d_s), q, w_.dtype, scale_);
        Tile d_q = a.matmul(d_s, k, w_.dtype, scale_);  // [Br, d]
        a.accumulate(d_q, g_.d_q.block(plane, i, Br), dq_);
      }
    }
    a.store(d_k, g_.d_k.block(kv_plane, j, Bc));
    a.store(d_v, g_.d_v.block(kv_plane, j, Bc));
  }

 private:
  const RowKeyTiles& forward_tiles() const override { return forward_model_; }
  const RowKeyTiles& backward_tiles() const override { return backward_model_; }

  /// The key blocks in the direction of the task's group.
  std::vector<Run> scan(std::vector<Run> blocks, const GridIndex& at) const {
    if (!scan_group_) return blocks;
    const std::int64_t issued =
        at[0].value() + at[1].value() * program_.kernels().front().grid[0].extent;
    return issued / *scan_group_ % 2 == 0 ? blocks : reversed(std::move(blocks));
  }

  void plan_forward(const PlanRequest& r) {
    forward_ = choose_nest(r, forward_model_);
    const std::int64_t blocks = ceil_div(mask_.rows(), forward_.first);
    lists_ = TileLists(program_, blocks, ceil_div(w_.seqlen_kv, forward_.second));
    std::vector<GridDim> grid = {{"i", blocks}, {"plane", t_.q.planes()}};
    if (row_dim_ == 1) std::swap(grid[0], grid[1]);
    const std::int64_t asked = r.choice.params.integer("warps");
    program_.add_kernel<&FlashAttention2::forward>(*this, "flash_attention_2_forward", grid)
        .launch = {.threads = 32 * (asked > 0 ? asked : forward_warps(w_, forward_)),
                   .registers = kRegisters,
                   .layout = WarpLayout::rows,
                   .least_rows = forward_.first};
  }

  void plan_backward(const PlanRequest& r) {
    backward_ = choose_nest(r, backward_model_);
    g_ = add_gradient_tensors(program_, w_, DType::f32, group_);
    const auto [Br, Bc] = backward_;
    const std::int64_t row_blocks = ceil_div(mask_.rows(), Br);
    const std::int64_t key_blocks = ceil_div(w_.seqlen_kv, Bc);
    backward_lists_ = TileLists(program_, key_blocks, row_blocks, kBackwardLists);
    delta_.add_to(program_, t_.o, g_.d_o, Br, std::min(w_.head_dim, w_.head_dim_v));
    program_.add_kernel<&FlashAttention2::clear>(*this, "clear_dq",
                                                 {{"i", row_blocks}, {"plane", t_.q.planes()}});
    program_
        .add_kernel<&FlashAttention2::backward>(*this, "flash_attention_2_backward",
                                                {{"j", key_blocks}, {"plane", t_.k.planes()}})
        .launch = {.threads = 256, .registers = kRegisters, .double_buffered = true};
    if (convert_dq_) {
      rounding_.add_to(program_, "dQ_rounded", g_.d_q, w_.dtype, Br, group_);
    }
  }

  const std::int64_t group_;  // query heads packed into one plane
  const AddAt dq_;
  const bool convert_dq_;
  const std::size_t row_dim_;  // the dimension of the grid that counts query blocks
  const std::optional<std::int64_t> scan_group_;
  const AttentionMask mask_;
  const ForwardTiles forward_model_;
  const BackwardTiles backward_model_;
  AttentionTensors t_;
  GradientTensors g_;
  Tensor l_;
  TileLists lists_, backward_lists_;
  DeltaKernel delta_;
  RoundingKernel rounding_;
};

ATTNSIM_REGISTER_ALGORITHM("flash_attention_2", [] {
  return Algorithm{info(), plan_schedule<FlashAttention2>};
});

}  // namespace
}  // namespace attnsim
