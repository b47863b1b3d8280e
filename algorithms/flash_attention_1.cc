// FlashAttention forward: Dao et al., arXiv 2205.14135, Algorithm 1. Key blocks outside, query
// blocks inside; O, l and m travel to memory and back in every pass, O normalised each time.
//
//     store O = 0, l = 0, m = -inf
//     for j: load K_j, V_j
//       for i: load Q_i, O_i, l_i, m_i; S = Q_i K_j^T; local softmax of S; merge into (m_i, l_i);
//              O_i = (factor O_i) + (factor P) V_j; store O_i, l_i, m_i
#include <algorithm>
#include <cmath>

#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "flash_attention_1",
      .summary = "fused attention, key blocks outside, output updated in memory",
      .source = "Dao et al. 2022, arXiv 2205.14135, Algorithm 1",
      .tiles = {{"Br", "query rows of a block"}, {"Bc", "keys of a block"}},
      .params = {{.name = "trimmed",
                  .type = ParamType::boolean,
                  .default_value = "false",
                  .doc =
                      "leave out the initial stores of O, l, m and their loads in the first pass"}},
      .block_masks = true,
  };
}

/// Tiles of the released kernel v1.0.9 (fmha_fwd_hdim{32,64,128}.cu): 16 query rows a step.
std::optional<TileSizes> released_tiles(const std::string& arch, const Workload& w) {
  const bool known = arch == "sm75" || arch == "sm80" || arch == "sm86" || arch == "sm90";
  const bool half = w.dtype == DType::f16 || w.dtype == DType::bf16;
  const bool window = w.window_left || w.window_right;
  if (!known || !half || window || w.head_dim != w.head_dim_v) return std::nullopt;
  if (w.head_dim <= 64) return TileSizes{16, w.seqlen_kv >= 256 ? 256 : 128};
  if (w.head_dim <= 128) return TileSizes{16, 128};
  return std::nullopt;
}

class Tiles final : public TileModel {
 public:
  Tiles(const Workload& w, const Target& target, bool trimmed)
      : w_(w), target_(target), counts_(w), trimmed_(trimmed) {}

  TileSizes limits() const override { return {w_.seqlen_q, w_.seqlen_kv}; }
  std::optional<TileSizes> released() const override { return released_tiles(target_.arch(), w_); }

  /// Algorithm 1, line 1: Bc = ceil(M / 4d), Br = min(Bc, d). They overflow M unless M >= 8 d^2.
  TileSizes paper() const override {
    const auto m = static_cast<std::int64_t>(target_.capacity_words(Role::operand));
    const std::int64_t size = ceil_div(m, 4 * w_.head_dim);
    return {std::min({size, w_.head_dim, w_.seqlen_q}), std::min(size, w_.seqlen_kv)};
  }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Bc, w_.head_dim},        // K
            {Role::operand, w_.dtype, Bc, w_.head_dim_v},      // V
            {Role::operand, w_.dtype, Br, w_.head_dim},        // Q
            {Role::accumulator, w_.dtype, Br, w_.head_dim_v},  // O
            {Role::accumulator, DType::f32, Br, Bc},           // S, then P in place
            {Role::vector, DType::f32, Br, 4}};                // m, l and those of the block
  }

  /// K and V once; Q, O, l, m once per visit of a row block by a column block.
  ClosedForm closed_form(TileSizes t) const override {
    const auto planes = static_cast<std::uint64_t>(w_.query_planes());
    const auto d = static_cast<std::uint64_t>(w_.head_dim);
    const auto dv = static_cast<std::uint64_t>(w_.head_dim_v);
    const std::uint64_t rows = static_cast<std::uint64_t>(w_.seqlen_q) * planes;
    const std::uint64_t keys = static_cast<std::uint64_t>(w_.seqlen_kv) * planes;
    const Visits visits = counts_.visits(t.first, t.second);
    const std::uint64_t read = trimmed_ ? visits.rows - visits.seeing_rows : visits.rows;
    const std::uint64_t written = visits.rows + (trimmed_ ? rows - visits.seeing_rows : rows);
    ClosedForm form = {
        {.tensor = "Q", .dtype = w_.dtype, .read = visits.rows * d},
        {.tensor = "K", .dtype = w_.dtype, .read = keys * d},
        {.tensor = "V", .dtype = w_.dtype, .read = keys * dv},
        {.tensor = "O", .dtype = w_.dtype, .read = read * dv, .written = written * dv},
        {.tensor = "l", .dtype = DType::f32, .read = read, .written = written},
        {.tensor = "m", .dtype = DType::f32, .read = read, .written = written}};
    add_list_term(form, counts_.list_words(ceil_div(w_.seqlen_kv, t.second), visits));
    return form;
  }

  std::uint64_t closed_form_cost() const override { return counts_.cost(); }
  std::optional<Density> density(TileSizes t) const { return counts_.density(t.first, t.second); }

  bool second_only_helps() const override { return !w_.masked(); }
  std::uint64_t iterations(TileSizes t) const override {
    return static_cast<std::uint64_t>(ceil_div(w_.seqlen_q, t.first) *
                                      ceil_div(w_.seqlen_kv, t.second));
  }

 private:
  const Workload& w_;
  const Target& target_;
  MaskCounts counts_;
  bool trimmed_;
};

constexpr std::uint8_t kFirstVisit = 1;

class FlashAttention1 final : public Schedule {
 public:
  explicit FlashAttention1(const PlanRequest& r)
      : w_(r.workload),
        trimmed_(r.choice.params.boolean("trimmed")),
        mask_(w_),
        model_(w_, r.target, trimmed_) {
    tiles_ = choose_tiles(r.choice.tiles, r.info, model_, r.target);
    const std::int64_t planes = w_.query_planes();
    t_ = add_attention_tensors(program_, w_);
    l_ = program_.add({"l", TensorRole::row_sum, DType::f32, planes, w_.seqlen_q, 1});
    m_ = program_.add({"m", TensorRole::row_max, DType::f32, planes, w_.seqlen_q, 1});
    const auto [Br, Bc] = tiles_.sizes;
    lists_ = TileLists(program_, ceil_div(w_.seqlen_kv, Bc), ceil_div(w_.seqlen_q, Br));
    program_.add_kernel<&FlashAttention1::forward>(*this, "flash_attention_1_forward",
                                                   {{"plane", planes}});
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }
  std::optional<Density> density() const override { return model_.density(tiles_.sizes); }

  Task forward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = tiles_.sizes;
    const Index plane = at[0];
    const Index kv_plane = t_.kv_plane(plane);
    const double scale = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));

    Agent a = em.agent();
    initialise(em, plane);
    Loop columns(em, all_blocks(ceil_div(w_.seqlen_kv, Bc)));
    for (Index j; co_await columns.next(j);) {
      Tile k = a.load(t_.k.block(kv_plane, j, Bc));  // [Bc, d]
      Tile v = a.load(t_.v.block(kv_plane, j, Bc));  // [Bc, dv]
      lists_.read_length(a, plane, j);
      Loop rows(em, visits(plane, j));
      for (Index i; co_await rows.next(i);) {
        lists_.read_next(a, plane, j, rows);
        const bool first = rows.tag() == kFirstVisit;
        Tile q = a.load(t_.q.block(plane, i, Br));  // [Br, d]
        Tile o = first ? a.fill(Role::accumulator, q.rows(), w_.head_dim_v, w_.dtype, 0)
                       : a.load(t_.o.block(plane, i, Br), Role::accumulator);  // [Br, dv]
        Tile l = first ? a.fill(Role::vector, q.rows(), 1, DType::f32, 0)
                       : a.load(l_.block(plane, i, Br), Role::vector);  // [Br, 1]
        Tile m = first ? a.fill(Role::vector, q.rows(), 1, DType::f32, kMinusInfinity)
                       : a.load(m_.block(plane, i, Br), Role::vector);  // [Br, 1]
        Tile s = a.matmul(q, transposed(k), w_.dtype, scale);           // [Br, Bc]
        if (rows.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, Br, j, Bc));
        auto block = a.softmax_local(s);
        a.merge_stats(m, l, block.m, block.l);
        a.scale_rows(o, block.m);
        a.scale_rows(s, block.l);
        a.matmul_acc(o, s, v, w_.dtype);
        a.store(o, t_.o.block(plane, i, Br));
        a.store(l, l_.block(plane, i, Br));
        a.store(m, m_.block(plane, i, Br));
      }
    }
  }

 private:
  /// The stores of line 2. Trimmed: only rows that no column block visits need them.
  void initialise(Emitter& em, Index plane) const {
    const auto [Br, Bc] = tiles_.sizes;
    Agent a = em.agent();
    const std::vector<Run> blocks =
        trimmed_ ? mask_.blind_row_blocks(plane, Br, Bc) : all_blocks(ceil_div(w_.seqlen_q, Br));
    for (const Run& run : blocks) {
      const std::int64_t first = run.begin * Br;
      const std::int64_t rows = std::min(run.end * Br, w_.seqlen_q) - first;
      a.init(t_.o.region(plane, first, rows, 0, w_.head_dim_v), 0);
      a.init(l_.region(plane, first, rows, 0, 1), 0);
      a.init(m_.region(plane, first, rows, 0, 1), kMinusInfinity);
    }
  }

  /// The row blocks that column block j visits; when trimmed, first visits are runs of their own.
  std::vector<Run> visits(Index plane, Index j) const {
    const auto [Br, Bc] = tiles_.sizes;
    return trimmed_ ? mask_.row_blocks_by_visit(plane, j, Br, Bc, kFirstVisit)
                    : mask_.row_blocks(plane, j, Br, Bc);
  }

  const Workload w_;
  const bool trimmed_;
  const AttentionMask mask_;
  const Tiles model_;
  AttentionTensors t_;
  Tensor l_, m_;
  TileLists lists_;
};

ATTNSIM_REGISTER_ALGORITHM("flash_attention_1", [] {
  return Algorithm{info(), plan_schedule<FlashAttention1>};
});

}  // namespace
}  // namespace attnsim
