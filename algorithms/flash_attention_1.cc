// FlashAttention: Dao et al., arXiv 2205.14135. Forward, Algorithm 1: key blocks outside, query
// blocks inside; O, l and m travel to memory and back in every pass, O normalised each time.
//
//     store O = 0, l = 0, m = -inf
//     for j: load K_j, V_j
//       for i: load Q_i, O_i, l_i, m_i; S = Q_i K_j^T; local softmax of S; merge into (m_i, l_i);
//              O_i = (factor O_i) + (factor P) V_j; store O_i, l_i, m_i
//
// Backward, Algorithm 4: the same loops; dK and dV accumulate on chip, dQ in memory, in fp32.
//
//     store dQ = 0, dK = 0, dV = 0
//     for j: load K_j, V_j; dK = 0, dV = 0
//       for i: load Q_i, O_i, dO_i, l_i, m_i; P = exp(Q_i K_j^T - m_i) / l_i
//              D = rowsum(dO_i o O_i); dS = P o (dO_i V_j^T - D)
//              dV += P^T dO_i; dK += dS^T Q_i; load dQ_i, add dS K_j, store dQ_i
//       store dK_j, dV_j
#include <algorithm>

#include "sim/trace/algorithm.h"
#include "sim/trace/splits.h"
#include "sim/trace/two_pass_schedule.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "flash_attention_1",
      .summary = "fused attention, key blocks outside, output updated in memory",
      .source = "Dao et al. 2022, arXiv 2205.14135, Algorithms 1 and 4",
      .passes = {Pass::forward, Pass::backward, Pass::forward_backward},
      .tiles = {{"Br", "query rows of a block"},
                {"Bc", "keys of a block"},
                {"Br_backward", "query rows, of the backward pass in forward_backward", "Br"},
                {"Bc_backward", "keys, of the backward pass in forward_backward", "Bc"}},
      .params = {{.name = "trimmed",
                  .type = ParamType::boolean,
                  .default_value = "false",
                  .doc =
                      "leave out the initial stores of O, l, m and their loads in the first pass; "
                      "the backward pass is as printed"},
                 {.name = "splits",
                  .type = ParamType::integer,
                  .default_value = "1",
                  .doc = "tasks of a head, each with a part of the query rows (backward: of the "
                         "keys, dQ added up at the memory); 0: as the released kernel from v1.0 "
                         "on chooses, by how evenly they fill the cores; with a block mask "
                         "always 1",
                  .minimum = 0,
                  .maximum = 30}},
      .dropout = true,
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

class ForwardTiles final : public RowKeyTiles {
 public:
  ForwardTiles(const Workload& w, const Target& target, bool trimmed, std::int64_t splits)
      : RowKeyTiles(w, target), trimmed_(trimmed), splits_(splits) {}

  /// None on the T4: the kernel lets K and V take turns in its 64 KiB of shared memory (with V in
  /// registers meanwhile), where this nest holds both.
  std::optional<TileSizes> released() const override {
    if (target_.arch() == "sm75") return std::nullopt;
    return released_tiles(target_.arch(), w_);
  }

  TileSizes paper() const override { return flash_attention_sizes(target_, w_.head_dim, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Bc, w_.head_dim},        // K
            {Role::operand, w_.dtype, Bc, w_.head_dim_v},      // V
            {Role::operand, w_.dtype, Br, w_.head_dim},        // Q
            {Role::accumulator, w_.dtype, Br, w_.head_dim_v},  // O
            {Role::accumulator, DType::f32, Br, Bc},           // S, then P in place
            {Role::vector, DType::f32, Br, 4}};                // m, l and those of the block
  }

  /// K and V once per split; Q, O, l, m once per visit of a row block by a column block.
  ClosedForm closed_form(TileSizes t) const override {
    const std::int64_t parts = used_parts(ceil_div(w_.seqlen_q, t.first), splits_);
    const std::uint64_t loaded =
        static_cast<std::uint64_t>(w_.seqlen_kv * w_.query_planes() * parts);
    const Visits v = visits(t);
    const std::uint64_t read = trimmed_ ? v.rows - v.seeing_rows : v.rows;
    const std::uint64_t written = v.rows + (trimmed_ ? rows() - v.seeing_rows : rows());
    ClosedForm form = {
        {.tensor = "Q", .dtype = w_.dtype, .read = v.rows * d()},
        {.tensor = "K", .dtype = w_.dtype, .read = loaded * d()},
        {.tensor = "V", .dtype = w_.dtype, .read = loaded * dv()},
        {.tensor = "O", .dtype = w_.dtype, .read = read * dv(), .written = written * dv()},
        {.tensor = "l", .dtype = DType::f32, .read = read, .written = written},
        {.tensor = "m", .dtype = DType::f32, .read = read, .written = written}};
    add_list_term(form, lists_by_key(t, v));
    return form;
  }

 private:
  bool trimmed_;
  std::int64_t splits_;
};

/// Of the released kernel v1.0.9: 16 query rows a step; 128 keys on the T4, whose shared memory is
/// smaller. Of short sequences the sizes are not known here.
std::optional<TileSizes> released_backward_tiles(const std::string& arch, const Workload& w) {
  const std::optional<TileSizes> forward = released_tiles(arch, w);
  if (!forward || (w.head_dim <= 64 && (w.head_dim <= 32 || w.seqlen_kv < 256))) return {};
  return arch == "sm75" ? TileSizes{16, 128} : *forward;
}

class BackwardTiles final : public RowKeyTiles {
 public:
  BackwardTiles(const Workload& w, const Target& target, AddAt dq)
      : RowKeyTiles(w, target), dq_(dq) {}

  std::optional<TileSizes> released() const override {
    return released_backward_tiles(target_.arch(), w_);
  }

  TileSizes paper() const override { return flash_attention_sizes(target_, w_.head_dim, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [Br, Bc] = t;
    return {{Role::operand, w_.dtype, Bc, w_.head_dim},          // K
            {Role::operand, w_.dtype, Bc, w_.head_dim_v},        // V
            {Role::accumulator, DType::f32, Bc, w_.head_dim},    // dK
            {Role::accumulator, DType::f32, Bc, w_.head_dim_v},  // dV
            {Role::operand, w_.dtype, Br, w_.head_dim},          // Q
            {Role::operand, w_.dtype, Br, 2 * w_.head_dim_v},    // O, dO
            {Role::accumulator, DType::f32, Br, w_.head_dim},    // what dQ gains
            {Role::accumulator, DType::f32, Br, 2 * Bc},         // S, then P; dP, then dS
            {Role::vector, DType::f32, Br, 3}};                  // l, m, D
  }

  /// K and V once; dK and dV once and their zeros; the rest once per visit of a row block by a key
  /// block, dQ in both directions, and its zeros.
  ClosedForm closed_form(TileSizes t) const override {
    const Visits v = visits(t);
    ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = v.rows * d()},
                       {.tensor = "K", .dtype = w_.dtype, .read = keys() * d()},
                       {.tensor = "V", .dtype = w_.dtype, .read = keys() * dv()},
                       {.tensor = "O", .dtype = w_.dtype, .read = v.rows * dv()},
                       {.tensor = "l", .dtype = DType::f32, .read = v.rows},
                       {.tensor = "m", .dtype = DType::f32, .read = v.rows},
                       {.tensor = "dO", .dtype = w_.dtype, .read = v.rows * dv()},
                       {.tensor = "dQ",
                        .dtype = DType::f32,
                        .read = dq_ == AddAt::core ? v.rows * d() : 0,
                        .written = (rows() + v.rows) * d()},
                       {.tensor = "dK", .dtype = w_.dtype, .written = 2 * keys() * d()},
                       {.tensor = "dV", .dtype = w_.dtype, .written = 2 * keys() * dv()}};
    add_list_term(form, lists_by_key(t, v), kBackwardLists);
    return form;
  }

 private:
  AddAt dq_;
};

constexpr std::uint8_t kFirstVisit = 1;

class FlashAttention1 final : public TwoPassSchedule {
 public:
  explicit FlashAttention1(const PlanRequest& r)
      : TwoPassSchedule(r),
        trimmed_(r.choice.params.boolean("trimmed")),
        splits_(splits(r, w_.query_planes(), forward_per_core(r))),
        backward_splits_(splits(r, w_.kv_planes(), 1)),
        mask_(w_),
        forward_model_(w_, r.target, trimmed_, splits_),
        backward_model_(w_, r.target, dq()) {
    const std::int64_t planes = w_.query_planes();
    t_ = add_attention_tensors(program_, w_);
    l_ = program_.add({"l", TensorRole::row_sum, DType::f32, planes, w_.seqlen_q, 1});
    m_ = program_.add({"m", TensorRole::row_max, DType::f32, planes, w_.seqlen_q, 1});
    if (w_.runs_forward()) {
      forward_ = choose_nest(r, forward_model_);
      lists_ = lists_for(forward_, "mask");
      program_
          .add_kernel<&FlashAttention1::forward>(*this, "flash_attention_1_forward",
                                                 {{"plane", planes}, {"split", splits_}})
          .launch = {
          .threads = 128, .registers = 255, .layout = WarpLayout::columns, .double_buffered = true};
    }
    if (w_.runs_backward()) {
      backward_ = choose_nest(r, backward_model_);
      backward_lists_ = lists_for(backward_, kBackwardLists);
      g_ = add_gradient_tensors(program_, w_, DType::f32);
      if (backward_splits_ > 1) {
        program_.add_kernel<&FlashAttention1::clear>(*this, "clear_dq", {{"plane", planes}});
      }
      program_
          .add_kernel<&FlashAttention1::backward>(
              *this, "flash_attention_1_backward",
              {{"plane", w_.kv_planes()}, {"split", backward_splits_}})
          .launch = {
          .threads = 256, .registers = 255, .layout = WarpLayout::columns, .double_buffered = true};
    }
  }

  Task forward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = forward_;
    const Index plane = at[0];
    const Index kv_plane = t_.kv_plane(plane);

    Agent a = em.agent();
    const Run mine = split_part(ceil_div(w_.seqlen_q, Br), splits_, split_of(at, splits_));
    initialise(em, plane, mine);
    if (mine.size() == 0) co_return;
    Loop columns(em, all_blocks(ceil_div(w_.seqlen_kv, Bc)));
    for (Index j; co_await columns.next(j);) {
      Tile k = a.load(t_.k.block(kv_plane, j, Bc));  // [Bc, d]
      Tile v = a.load(t_.v.block(kv_plane, j, Bc));  // [Bc, dv]
      lists_.read_length(a, plane, j);
      Loop rows(em, within(visits(plane, j), mine.begin, mine.end));
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
        Tile s = a.matmul(q, transposed(k), w_.dtype, scale_);          // [Br, Bc]
        if (rows.kind() != TileKind::full) a.hide(s, mask_.tile(plane, i, Br, j, Bc));
        auto block = a.softmax_local(s);
        a.merge_stats(m, l, block.m, block.l);
        a.scale_rows(o, block.m);
        a.scale_rows(s, block.l);
        if (w_.dropout) a.dropout(s, t_.scores(plane, i, Br, j, Bc), w_.dropout);
        a.matmul_acc(o, s, v, w_.dtype);
        a.store(o, t_.o.block(plane, i, Br));
        a.store(l, l_.block(plane, i, Br));
        a.store(m, m_.block(plane, i, Br));
      }
    }
  }

  Task clear(Emitter& em, GridIndex at) const {
    em.agent().init(g_.d_q.plane(at[0]), 0);
    co_return;
  }

  /// All query heads that share a KV head, whose gradients are sums over them.
  Task backward(Emitter& em, GridIndex at) const {
    const auto [Br, Bc] = backward_;
    const Index kv_plane = at[0];
    const std::vector<Run> planes = t_.query_planes(kv_plane);

    Agent a = em.agent();
    const Run mine =
        split_part(ceil_div(w_.seqlen_kv, Bc), backward_splits_, split_of(at, backward_splits_));
    if (mine.size() == 0) co_return;
    const std::int64_t first = mine.begin * Bc;
    const std::int64_t keys = std::min(mine.end * Bc, w_.seqlen_kv) - first;
    a.init(g_.d_k.region(kv_plane, first, keys, 0, w_.head_dim), 0);
    a.init(g_.d_v.region(kv_plane, first, keys, 0, w_.head_dim_v), 0);
    if (backward_splits_ == 1) {
      Loop heads(em, planes);
      for (Index plane; co_await heads.next(plane);) a.init(g_.d_q.plane(plane), 0);
    }
    Loop columns(em, {mine});
    for (Index j; co_await columns.next(j);) {
      Tile k = a.load(t_.k.block(kv_plane, j, Bc));                                  // [Bc, d]
      Tile v = a.load(t_.v.block(kv_plane, j, Bc));                                  // [Bc, dv]
      Tile d_k = a.fill(Role::accumulator, k.rows(), w_.head_dim, DType::f32, 0);    // [Bc, d]
      Tile d_v = a.fill(Role::accumulator, k.rows(), w_.head_dim_v, DType::f32, 0);  // [Bc, dv]
      Loop heads(em, planes);
      for (Index plane; co_await heads.next(plane);) {
        backward_lists_.read_length(a, plane, j);
        Loop rows(em, mask_.row_blocks(plane, j, Br, Bc));
        for (Index i; co_await rows.next(i);) {
          backward_lists_.read_next(a, plane, j, rows);
          Tile q = a.load(t_.q.block(plane, i, Br));              // [Br, d]
          Tile o = a.load(t_.o.block(plane, i, Br));              // [Br, dv]
          Tile d_o = a.load(g_.d_o.block(plane, i, Br));          // [Br, dv]
          Tile l = a.load(l_.block(plane, i, Br), Role::vector);  // [Br, 1]
          Tile m = a.load(m_.block(plane, i, Br), Role::vector);  // [Br, 1]
          Tile p = a.matmul(q, transposed(k), w_.dtype, scale_);  // [Br, Bc]
          if (rows.kind() != TileKind::full) a.hide(p, mask_.tile(plane, i, Br, j, Bc));
          a.softmax_apply(p, m, l);
          Tile delta = a.fill(Role::vector, q.rows(), 1, DType::f32, 0);  // [Br, 1]
          a.row_dot_acc(delta, d_o, o);
          Tile d_s = score_gradient(a, p, d_o, v, delta, w_, t_.scores(plane, i, Br, j, Bc));
          a.matmul_acc(d_v, transposed(p), d_o, w_.dtype);
          a.matmul_acc(d_k, transposed(d_s), q, w_.dtype, scale_);
          Tile d_q = a.matmul(d_s, k, w_.dtype, scale_);  // [Br, d]
          a.accumulate(d_q, g_.d_q.block(plane, i, Br), dq());
        }
      }
      a.store(d_k, g_.d_k.block(kv_plane, j, Bc));
      a.store(d_v, g_.d_v.block(kv_plane, j, Bc));
    }
  }

 private:
  const RowKeyTiles& forward_tiles() const override { return forward_model_; }
  const RowKeyTiles& backward_tiles() const override { return backward_model_; }

  /// CTAs of the released forward kernel on a core: K and V take 64 KiB at any head_dim, two blocks
  /// of Q 64 bytes by head_dim, and the sum over 4 warps of an output block 256.
  static std::int64_t forward_per_core(const PlanRequest& r) {
    const std::int64_t capacity =
        static_cast<std::int64_t>(r.target.capacity_words(Role::operand) *
                                  static_cast<std::uint64_t>(r.target.word_bits()) / 8);
    return std::clamp<std::int64_t>(capacity / (65536 + 320 * r.workload.head_dim), 1, 2);
  }

  /// As asked for, or as the released kernel chooses for `planes` on cores that hold `per_core`.
  static std::int64_t splits(const PlanRequest& r, std::int64_t planes, std::int64_t per_core) {
    constexpr std::int64_t kMost = 30;
    const std::int64_t asked = r.choice.params.integer("splits");
    if (r.workload.mask) return 1;  // the lists of a block mask are by head
    return asked != 0 ? asked : even_splits(planes, r.target.cores() * per_core, kMost);
  }

  /// Which part of its head a task does. Parts differ in length: nothing of them is left out.
  static std::int64_t split_of(const GridIndex& at, std::int64_t parts) {
    return parts == 1 ? 0 : at[1].value();
  }

  /// Several tasks of a head add to the same rows of dQ.
  AddAt dq() const { return backward_splits_ > 1 ? AddAt::memory : AddAt::core; }

  /// Of the row blocks that each key block visits.
  TileLists lists_for(TileSizes t, const char* name) {
    return {program_, ceil_div(w_.seqlen_kv, t.second), ceil_div(w_.seqlen_q, t.first), name};
  }

  /// The stores of line 2. Trimmed: only rows that no column block visits need them.
  void initialise(Emitter& em, Index plane, const Run& mine) const {
    const auto [Br, Bc] = forward_;
    Agent a = em.agent();
    const std::vector<Run> blocks =
        trimmed_ ? mask_.blind_row_blocks(plane, Br, Bc) : all_blocks(ceil_div(w_.seqlen_q, Br));
    for (const Run& run : within(blocks, mine.begin, mine.end)) {
      if (run.begin >= run.end) continue;
      const std::int64_t first = run.begin * Br;
      const std::int64_t rows = std::min(run.end * Br, w_.seqlen_q) - first;
      a.init(t_.o.region(plane, first, rows, 0, w_.head_dim_v), 0);
      a.init(l_.region(plane, first, rows, 0, 1), 0);
      a.init(m_.region(plane, first, rows, 0, 1), kMinusInfinity);
    }
  }

  /// The row blocks that column block j visits; when trimmed, first visits are runs of their own.
  std::vector<Run> visits(Index plane, Index j) const {
    const auto [Br, Bc] = forward_;
    return trimmed_ ? mask_.row_blocks_by_visit(plane, j, Br, Bc, kFirstVisit)
                    : mask_.row_blocks(plane, j, Br, Bc);
  }

  const bool trimmed_;
  const std::int64_t splits_, backward_splits_;  // of a plane's query rows, of its keys
  const AttentionMask mask_;
  const ForwardTiles forward_model_;
  const BackwardTiles backward_model_;
  AttentionTensors t_;
  GradientTensors g_;
  Tensor l_, m_;
  TileLists lists_, backward_lists_;
};

ATTNSIM_REGISTER_ALGORITHM("flash_attention_1", [] {
  return Algorithm{info(), plan_schedule<FlashAttention1>};
});

}  // namespace
}  // namespace attnsim
