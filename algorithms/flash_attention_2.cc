// FlashAttention-2 forward: Dao, arXiv 2307.08691, Algorithm 1. Query blocks outside, key blocks
// inside; the output accumulates on chip, unnormalised, and is written once.
//
//     for i: load Q_i; O = 0, l = 0, m = -inf
//       for j: load K_j, V_j; S = Q_i K_j^T; online softmax of S into (m, l), O; O += P V_j
//       store O / l and L = m + log l
//
// `scan: alternating` passes through the keys to and fro, as the published sawtooth orders
// do: the keys a block ends with are those that the next one begins with, still in the L2.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "flash_attention_2",
      .summary = "fused attention, query blocks outside, output accumulated on chip",
      .source = "Dao 2023, arXiv 2307.08691, Algorithm 1",
      .tiles = {{"Br", "query rows of a block"}, {"Bc", "keys of a block"}},
      .params = {{.name = "pack_gqa",
                  .type = ParamType::boolean,
                  .default_value = "false",
                  .doc = "pack the query heads of a KV head into one block, so that K and V are "
                         "loaded once per group"},
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
      .block_masks = true,
  };
}

/// The forward tile table of the released kernel (flash_fwd_launch_template.h, no dropout) by
/// architecture; head_dim is rounded up to the next entry.
std::optional<TileSizes> released_tiles(const std::string& arch, const Workload& w) {
  const bool small_smem = arch == "sm86" || arch == "sm89";  // 99 KiB a block
  const bool known = small_smem || arch == "sm80" || arch == "sm90";
  const bool half = w.dtype == DType::f16 || w.dtype == DType::bf16;
  if (!known || !half || w.head_dim != w.head_dim_v || w.head_dim > 256) return std::nullopt;
  if (w.head_dim <= 64) return TileSizes{128, 128};
  if (w.head_dim <= 96) return small_smem && w.causal ? TileSizes{64, 64} : TileSizes{128, 64};
  if (w.head_dim <= 128) {
    if (small_smem) return w.causal ? TileSizes{64, 64} : TileSizes{128, 32};
    return TileSizes{128, 64};
  }
  if (w.head_dim <= 192) return TileSizes{128, 64};
  return arch == "sm80" ? TileSizes{128, 64} : TileSizes{64, 64};
}

class Tiles final : public TileModel {
 public:
  Tiles(const Workload& w, const Target& target, std::int64_t group)
      : w_(w),
        target_(target),
        band_(band_of(w, group)),
        counts_(w, group),
        planes_(w.query_planes() / group) {}

  TileSizes limits() const override { return {band_.rows, w_.seqlen_kv}; }
  std::optional<TileSizes> released() const override { return released_tiles(target_.arch(), w_); }

  /// The paper gives no formula; these are FlashAttention-1's sizes with the roles of rows and
  /// columns swapped, as the loop order asks: Br = ceil(M / 4d), Bc = min(Br, d).
  TileSizes paper() const override {
    const auto m = static_cast<std::int64_t>(target_.capacity_words(Role::operand));
    const std::int64_t size = ceil_div(m, 4 * w_.head_dim);
    return {std::min(size, band_.rows), std::min({size, w_.head_dim, w_.seqlen_kv})};
  }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Br, w_.head_dim},          // Q
            {Role::operand, w_.dtype, Bc, w_.head_dim},          // K
            {Role::operand, w_.dtype, Bc, w_.head_dim_v},        // V
            {Role::accumulator, DType::f32, Br, w_.head_dim_v},  // O
            {Role::accumulator, DType::f32, Br, Bc},             // S, then P in place
            {Role::vector, DType::f32, Br, 2}};                  // m, l
  }

  /// Q and O once, L once; K and V once per query block that sees them.
  ClosedForm closed_form(TileSizes t) const override {
    const auto planes = static_cast<std::uint64_t>(planes_);
    const auto rows = static_cast<std::uint64_t>(band_.rows) * planes;
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const Visits visits = counts_.visits(t.first, t.second);
    const std::uint64_t keys = visits.columns;
    ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = rows * d},
                       {.tensor = "K", .dtype = w_.dtype, .read = keys * d},
                       {.tensor = "V", .dtype = w_.dtype, .read = keys * dv},
                       {.tensor = "O", .dtype = w_.dtype, .written = rows * dv},
                       {.tensor = "L", .dtype = DType::f32, .written = rows}};
    add_list_term(form, counts_.list_words(ceil_div(band_.rows, t.first), visits));
    return form;
  }

  std::uint64_t closed_form_cost() const override { return counts_.cost(); }
  std::optional<Density> density(TileSizes t) const { return counts_.density(t.first, t.second); }

  bool second_only_helps() const override { return !w_.masked(); }
  std::uint64_t iterations(TileSizes t) const override {
    return static_cast<std::uint64_t>(ceil_div(band_.rows, t.first) *
                                      ceil_div(w_.seqlen_kv, t.second));
  }

 private:
  const Workload& w_;
  const Target& target_;
  Band band_;  // its rows are packed
  MaskCounts counts_;
  std::int64_t planes_;
};

std::int64_t heads_per_plane(const PlanRequest& r) {
  if (!r.choice.params.boolean("pack_gqa")) return 1;
  if (r.workload.mask) {
    throw UserError(
        "algorithm.pack_gqa: expected false with a block mask: the heads of a group may "
        "see different blocks");
  }
  return r.workload.group();
}

class FlashAttention2 final : public Schedule {
 public:
  explicit FlashAttention2(const PlanRequest& r)
      : w_(r.workload),
        group_(heads_per_plane(r)),
        row_dim_(r.choice.params.choice("cta_order") == "rows_first" ? 0 : 1),
        scan_group_(r.choice.params.choice("scan") == "alternating"
                        ? std::optional(r.choice.params.integer("scan_group"))
                        : std::nullopt),
        mask_(w_, group_),
        model_(w_, r.target, group_) {
    tiles_ = choose_tiles(r.choice.tiles, r.info, model_, r.target);
    const std::int64_t planes = w_.query_planes() / group_;
    const std::int64_t rows = mask_.rows();
    t_ = add_attention_tensors(program_, w_, group_);
    l_ = program_.add({"L", TensorRole::lse, DType::f32, planes, rows, 1, group_});
    const std::int64_t blocks = ceil_div(rows, tiles_.sizes.first);
    lists_ = TileLists(program_, blocks, ceil_div(w_.seqlen_kv, tiles_.sizes.second));
    std::vector<GridDim> grid = {{"i", blocks}, {"plane", planes}};
    if (row_dim_ == 1) std::swap(grid[0], grid[1]);
    program_.add_kernel<&FlashAttention2::forward>(*this, "flash_attention_2_forward", grid);
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }
  std::optional<Density> density() const override { return model_.density(tiles_.sizes); }

  Task forward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = tiles_.sizes;
    const Index i = at[row_dim_];
    const Index plane = at[1 - row_dim_];
    const Index kv_plane = t_.kv_plane(plane);
    const double scale = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));

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
        Tile k = a.load(t_.k.block(kv_plane, j, Bc));          // [Bc, d]
        Tile v = a.load(t_.v.block(kv_plane, j, Bc));          // [Bc, dv]
        Tile s = a.matmul(q, transposed(k), w_.dtype, scale);  // [Br, Bc]
        if (loop.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, Br, j, Bc));
        a.online_softmax(s, m, l, acc);
        a.matmul_acc(acc, s, v, w_.dtype);
      }
    }
    a.div_rows(acc, l);
    a.lse(m, l);
    a.store(acc, t_.o.block(plane, i, Br));
    a.store(m, l_.block(plane, i, Br));
  }

 private:
  /// The key blocks in the direction of the task's group.
  std::vector<Run> scan(std::vector<Run> blocks, const GridIndex& at) const {
    if (!scan_group_) return blocks;
    const std::int64_t issued =
        at[0].value() + at[1].value() * program_.kernels().front().grid[0].extent;
    return issued / *scan_group_ % 2 == 0 ? blocks : reversed(std::move(blocks));
  }

  const Workload w_;
  const std::int64_t group_;   // query heads packed into one plane
  const std::size_t row_dim_;  // the dimension of the grid that counts query blocks
  const std::optional<std::int64_t> scan_group_;
  const AttentionMask mask_;
  const Tiles model_;
  AttentionTensors t_;
  Tensor l_;
  TileLists lists_;
};

ATTNSIM_REGISTER_ALGORITHM("flash_attention_2", [] {
  return Algorithm{info(), plan_schedule<FlashAttention2>};
});

}  // namespace
}  // namespace attnsim
