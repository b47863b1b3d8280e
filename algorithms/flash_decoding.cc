// FlashDecoding: Dao, Haziza, Massa, Sizov, "Flash-Decoding for long-context inference" (2023). Few
// query rows leave cores idle, so that the keys of each head are cut into splits, which run beside
// each other; a second kernel merges what they found.
//
//     for each split s, row block i, KV head: load Q_i; O = 0, l = 0, m = -inf
//       for j of the split: load K_j, V_j; S = Q_i K_j^T; online softmax of S; O += P V_j
//       store O_s = O / l and L_s = m + log l
//     for each row block i, KV head: O = 0, l = 0, m = -inf
//       for s: load L_s, O_s; online softmax of L_s, as a score; O += exp(L_s - m) O_s
//       store O / l and L = m + log l
//
// The query heads that share a KV head are rows of one block. With one split its task stores O and
// L themselves. A split that sees no key stores O_s = 0 and L_s = -inf, as the released kernel
// does.
#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include "sim/trace/algorithm.h"
#include "sim/trace/splits.h"

namespace attnsim {
namespace {

constexpr std::int64_t kMostSplits = 128;

AlgorithmInfo info() {
  return {
      .id = "flash_decoding",
      .summary = "few query rows: keys cut into splits beside each other, then merged",
      .source = "Dao et al. 2023, Flash-Decoding for long-context inference (PyTorch blog)",
      .tiles = {{"Br", "query rows of a block, of all heads that share K and V"},
                {"Bc", "keys of a block"}},
      .params = {{.name = "num_splits",
                  .type = ParamType::integer,
                  .unit = "splits",
                  .default_value = "0",
                  .doc = "parts that the keys of a head are cut into; 0: as the released kernel, "
                         "by how well they fill two places on each core",
                  .minimum = 0,
                  .maximum = kMostSplits},
                 {.name = "pack_gqa",
                  .type = ParamType::boolean,
                  .default_value = "true",
                  .doc = "pack the query heads of a KV head into one block, so that K and V are "
                         "loaded once per group"}},
  };
}

/// Ampere and later; head_dim is rounded up to the next entry of the released tables.
bool in_released_tables(const std::string& arch, const Workload& w) {
  static constexpr const char* kArchs[] = {"sm80",  "sm86",  "sm89", "sm90",
                                           "sm100", "sm103", "sm120"};
  const bool known = std::find(std::begin(kArchs), std::end(kArchs), arch) != std::end(kArchs);
  const bool half = w.dtype == DType::f16 || w.dtype == DType::bf16;
  return known && half && w.head_dim == w.head_dim_v && w.head_dim <= 256;
}

class SplitTiles final : public RowKeyTiles {
 public:
  /// `asked`: splits; 0: by the released rule.
  SplitTiles(const Workload& w, const Target& target, std::int64_t group, std::int64_t asked)
      : RowKeyTiles(w, target, group), group_(group), asked_(asked) {}

  /// run_mha_fwd_splitkv_dispatch of flash_fwd_launch_template.h.
  std::optional<TileSizes> released() const override {
    if (!in_released_tables(target_.arch(), w_)) return std::nullopt;
    return TileSizes{64, w_.head_dim <= 64 ? 256 : w_.head_dim <= 128 ? 128 : 64};
  }

  /// There is no formula; these are FlashAttention's, whose loops a split has.
  TileSizes paper() const override { return rows_outside_sizes(target_, w_.head_dim, limits()); }

  /// Other blocks can make other splits.
  bool second_only_helps() const override { return false; }
  std::uint64_t closed_form_cost() const override { return 2 * RowKeyTiles::closed_form_cost(); }

  std::int64_t splits(TileSizes t) const {
    if (asked_ != 0) return asked_;
    constexpr std::int64_t kPlacesPerCore = 2;
    const std::int64_t planes = w_.query_planes() / group_;
    return key_splits(planes * ceil_div(limits().first, t.first), kPlacesPerCore * target_.cores(),
                      blocks(t), kMostSplits);
  }

  std::int64_t blocks(TileSizes t) const { return ceil_div(w_.seqlen_kv, t.second); }
  std::int64_t blocks_of_split(TileSizes t) const { return ceil_div(blocks(t), splits(t)); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    return online_softmax_footprint(t);
  }

  /// K and V once per row block that sees them; Q once per split that sees a key, as if the split
  /// were one block; O and L once per split.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    const Visits of_splits = visits({t.first, blocks_of_split(t) * t.second});
    ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = of_splits.rows * d()},
                       {.tensor = "K", .dtype = w_.dtype, .read = v.columns * d()},
                       {.tensor = "V", .dtype = w_.dtype, .read = v.columns * dv()}};
    if (splits(t) == 1) {
      form.push_back({.tensor = "O", .dtype = w_.dtype, .written = rows() * dv()});
      form.push_back({.tensor = "L", .dtype = DType::f32, .written = rows()});
      return form;
    }
    const std::uint64_t partial = static_cast<std::uint64_t>(splits(t)) * rows();
    form.push_back({.tensor = "O_splits", .dtype = DType::f32, .written = partial * dv()});
    form.push_back({.tensor = "L_splits", .dtype = DType::f32, .written = partial});
    return form;
  }

 private:
  std::int64_t group_, asked_;
};

/// The kernel that merges splits: rows of a task, tiles and I/O.
struct Merge {
  /// run_flash_splitkv_fwd of flash_fwd_launch_template.h.
  static std::int64_t rows(const Workload& w) {
    return w.head_dim % 128 == 0 ? 4 : w.head_dim % 64 == 0 ? 8 : 16;
  }

  static std::vector<TileShape> footprint(const Workload& w, std::int64_t rows) {
    return {{Role::accumulator, DType::f32, rows, 2 * w.head_dim_v},  // O and that of a split
            {Role::vector, DType::f32, rows, 3}};                     // m, l; L of the split
  }

  static ClosedForm closed_form(const Workload& w, std::int64_t splits) {
    const auto rows = static_cast<std::uint64_t>(w.seqlen_q * w.query_planes());
    const auto dv = static_cast<std::uint64_t>(w.head_dim_v);
    const std::uint64_t partial = static_cast<std::uint64_t>(splits) * rows;
    return {{.tensor = "O_splits", .dtype = DType::f32, .read = partial * dv},
            {.tensor = "L_splits", .dtype = DType::f32, .read = partial},
            {.tensor = "O", .dtype = w.dtype, .written = rows * dv},
            {.tensor = "L", .dtype = DType::f32, .written = rows}};
  }
};

class FlashDecoding final : public Schedule {
 public:
  explicit FlashDecoding(const PlanRequest& r)
      : w_(r.workload),
        target_(r.target),
        group_(r.choice.params.boolean("pack_gqa") ? w_.group() : 1),
        mask_(w_, group_),
        split_model_(w_, r.target, group_, r.choice.params.integer("num_splits")),
        sizes_(choose_nest(r, split_model_)),
        splits_(split_model_.splits(sizes_)),
        blocks_(split_model_.blocks_of_split(sizes_)),
        merge_rows_(std::min(Merge::rows(w_), mask_.rows())) {
    t_ = add_attention_tensors(program_, w_, group_);
    const std::int64_t planes = t_.q.planes();
    const std::int64_t rows = mask_.rows();
    l_ = program_.add({"L", TensorRole::lse, DType::f32, planes, rows, 1, group_});
    if (splits_ > 1) {
      constexpr auto kRole = TensorRole::workspace;
      o_splits_ = program_.add(
          {"O_splits", kRole, DType::f32, planes, rows, splits_ * w_.head_dim_v, group_});
      l_splits_ = program_.add({"L_splits", kRole, DType::f32, planes, rows, splits_, group_});
    }
    program_
        .add_kernel<&FlashDecoding::split>(
            *this, "flash_decoding_split",
            {{"i", ceil_div(rows, sizes_.first)}, {"split", splits_}, {"plane", planes}})
        .launch = {
        .threads = 128, .registers = 255, .layout = WarpLayout::rows, .least_rows = sizes_.first};
    if (splits_ == 1) return;
    program_
        .add_kernel<&FlashDecoding::merge>(*this, "flash_decoding_merge",
                                           {{"i", ceil_div(rows, merge_rows_)}, {"plane", planes}})
        .launch = {.threads = 128, .double_buffered = true};
  }

  std::vector<TileShape> footprint() const override {
    if (splits_ == 1) return split_model_.footprint(sizes_);
    return target_.peak({split_model_.footprint(sizes_), Merge::footprint(w_, merge_rows_)});
  }

  ClosedForm closed_form() const override {
    ClosedForm form = split_model_.closed_form(sizes_);
    return splits_ == 1 ? form : sum(std::move(form), Merge::closed_form(w_, splits_));
  }

  std::optional<Density> density() const override { return split_model_.density(sizes_); }

  Task split(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = sizes_;
    const Index i = at[0];
    const Index plane = at[2];
    const Index kv_plane = t_.kv_plane(plane);
    const std::vector<Run> blocks = key_blocks(i, at[1]);
    const Region o = t_.o.block(plane, i, Br);

    Agent a = em.agent();
    Tile acc = a.fill(Role::accumulator, o.rows, w_.head_dim_v, DType::f32, 0);  // [Br, dv]
    Tile m = a.fill(Role::vector, o.rows, 1, DType::f32, kMinusInfinity);        // [Br, 1]
    Tile l = a.fill(Role::vector, o.rows, 1, DType::f32, 0);                     // [Br, 1]
    if (!blocks.empty()) {
      Tile q = a.load(t_.q.block(plane, i, Br));  // [Br, d]
      Loop loop(em, blocks);
      for (Index j; co_await loop.next(j);) {
        Tile k = a.load(t_.k.block(kv_plane, j, Bc));           // [Bc, d]
        Tile v = a.load(t_.v.block(kv_plane, j, Bc));           // [Bc, dv]
        Tile s = a.matmul(q, transposed(k), w_.dtype, scale_);  // [Br, Bc]
        if (loop.kind() != TileKind::full) a.band(s, mask_.band(i, Br, j, Bc));
        a.online_softmax(s, m, l, acc);
        a.matmul_acc(acc, s, v, w_.dtype);
      }
    }
    a.div_rows(acc, l);
    a.lse(m, l);
    const bool whole = splits_ == 1;
    a.store(acc, whole ? o : o_splits_.block(plane, i, Br, at[1], w_.head_dim_v));
    a.store(m, whole ? l_.block(plane, i, Br) : l_splits_.block(plane, i, Br, at[1], 1));
  }

  /// The splits are to this kernel what keys are to attention: L_s their scores, O_s their values.
  Task merge(Emitter& em, GridIndex at) const {
    const Index i = at[0];
    const Index plane = at[1];
    const Region o = t_.o.block(plane, i, merge_rows_);

    Agent a = em.agent();
    Tile acc = a.fill(Role::accumulator, o.rows, w_.head_dim_v, DType::f32, 0);
    Tile m = a.fill(Role::vector, o.rows, 1, DType::f32, kMinusInfinity);
    Tile l = a.fill(Role::vector, o.rows, 1, DType::f32, 0);
    {
      Loop loop(em, all_blocks(splits_));
      for (Index s; co_await loop.next(s);) {
        Tile l_s = a.load(l_splits_.block(plane, i, merge_rows_, s, 1), Role::vector);
        Tile o_s =
            a.load(o_splits_.block(plane, i, merge_rows_, s, w_.head_dim_v), Role::accumulator);
        a.online_softmax(l_s, m, l, acc);
        a.add_scaled(acc, o_s, l_s);
      }
    }
    a.div_rows(acc, l);
    a.lse(m, l);
    a.store(acc, o);
    a.store(m, l_.block(plane, i, merge_rows_));
  }

 private:
  /// The key blocks that row block i sees in a split. Without a mask splits are copies of each
  /// other, but for the last one; else, and where some are empty, each is looked at.
  std::vector<Run> key_blocks(Index i, Index split) const {
    const std::int64_t all = ceil_div(w_.seqlen_kv, sizes_.second);
    const bool alike = !w_.masked() && used_parts(all, splits_) == splits_;
    const Run part = Run::within_block(alike ? split : Index(split.value()), blocks_, all);
    std::vector<Run> runs = within(mask_.key_blocks(i, sizes_.first, sizes_.second), part.begin,
                                   std::max(part.begin, part.end));
    std::erase_if(runs, [](const Run& run) { return run.begin >= run.end; });
    return runs;
  }

  const Workload w_;
  const Target& target_;
  const std::int64_t group_;  // query heads packed into one plane
  const AttentionMask mask_;
  const SplitTiles split_model_;
  const TileSizes sizes_;
  const std::int64_t splits_;
  const std::int64_t blocks_;  // key blocks of a split
  const std::int64_t merge_rows_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));  // of the scores
  AttentionTensors t_;
  Tensor l_, o_splits_, l_splits_;
};

ATTNSIM_REGISTER_ALGORITHM("flash_decoding", [] {
  return Algorithm{info(), plan_schedule<FlashDecoding>};
});

}  // namespace
}  // namespace attnsim
