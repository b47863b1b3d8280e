// Gated linear attention: Yang et al., arXiv 2312.06635, whose state decays by a vector of each
// step, a number for each row. In chunks of C steps with secondary chunks of c = C / subchunks, in
// the kernels of fla-org/flash-linear-attention (fla/ops/gla). With
// b [C, d] the log decay from the start of a chunk to a step:
//
//     for each pair i > j of secondary chunks of a chunk, r the first row of b_i:
//       for z: A_ij += (Q_iz exp(b_iz - r_z)) (K_jz exp(r_z - b_jz))^T; store A_ij
//     for each secondary chunk i, where a product of matrices could overflow:
//       A_ii[s, t] = sum over l of Q[s, l] K[t, l] exp(b[s, l] - b[t, l]) for t <= s, else 0; store
//     states in memory:  the states H_n before all chunks (sim/trace/chunk_states.h), then for each
//                        chunk n and BV columns of V, all at once:
//       for z: load Q_nz, b_nz, H_nz; O += (Q_nz exp(b_nz)) H_nz
//       load A_n, V_n; O += A_n V_n; store O_n
//     states on chip:    for each BV columns of V: H = 0
//       for n: load Q_n, K_n, V_n, b_n, A_n; O = (Q_n exp(b)) H + A_n V_n; store O_n
//              H = diag(exp(b_C)) H + (K_n exp(b_C - b))^T V_n
#include <algorithm>
#include <utility>

#include "sim/trace/algorithm.h"
#include "sim/trace/chunk_states.h"
#include "sim/trace/step_value_tiles.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "gated_linear_attention",
      .summary = "linear attention with a decay by step and row of the state, in two-level chunks",
      .source = "Yang et al. 2023, arXiv 2312.06635",
      .function = kGatedLinearAttention,
      .tiles = {{"c", "steps of a secondary chunk"}, {"BV", "columns of V and O of a task"}},
      .params = {{.name = "subchunks",
                  .type = ParamType::integer,
                  .default_value = "4",
                  .doc = "secondary chunks of a chunk",
                  .minimum = 1},
                 {.name = "states",
                  .type = ParamType::choice,
                  .default_value = "memory",
                  .doc = "memory: stored for all chunks, whose outputs are then computed at once; "
                         "chip: kept, one chunk after another",
                  .choices = {"memory", "chip"}},
                 {.name = "BK",
                  .type = ParamType::integer,
                  .default_value = "64",
                  .doc = "columns of Q and K at a time, rows of a block of a state in memory",
                  .minimum = 16}},
      .bound_class = {.exact = false, .standard_products = false},
  };
}

/// What a run asks for beside tile sizes.
struct Choice {
  explicit Choice(const PlanRequest& r)
      : subchunks(r.choice.params.integer("subchunks")),
        in_memory(r.choice.params.choice("states") == "memory"),
        BK(std::min(r.choice.params.integer("BK"), r.workload.head_dim)) {}

  /// A state on chip is whole.
  ChunkSizes sizes(TileSizes t, const Workload& w) const {
    return {.C = t.first * subchunks, .BK = in_memory ? BK : w.head_dim, .BV = t.second};
  }

  std::int64_t subchunks;
  bool in_memory;
  std::int64_t BK;
};

class Tiles final : public StepValueTiles {
 public:
  Tiles(const Workload& w, const Target& target, const Choice& choice)
      : StepValueTiles(w, target), choice_(choice) {}

  std::optional<TileSizes> released() const override { return in_triton(16, 64); }

  /// The paper prints no formula: the released secondary chunk, and all of a state.
  TileSizes paper() const override {
    return {std::min<std::int64_t>(16, w_.seqlen_q), w_.head_dim_v};
  }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const ChunkSizes sizes = choice_.sizes(t, w_);
    const auto [C, BK, BV] = sizes;
    const std::int64_t c = t.first;
    const std::int64_t d = w_.head_dim;
    const ChunkCounts counts(w_, Gates::vector, sizes);
    const TileShape block{Role::accumulator, DType::f32, c, c};
    std::vector<TileShape> between;
    if (choice_.subchunks > 1) {
      between = {block,
                 {Role::operand, w_.dtype, 2 * c, choice_.BK},    // Q, K
                 {Role::vector, DType::f32, c + 1, choice_.BK}};  // b, its first row
    }
    const std::vector<TileShape> within = {
        block, {Role::operand, w_.dtype, 2 * c, d}, {Role::vector, DType::f32, c, d}};
    if (!choice_.in_memory) {
      return target_.peak({counts.decays_footprint(), between, within, counts.on_chip_footprint()});
    }
    const TileShape output{Role::accumulator, DType::f32, C, BV};
    const TileShape scores{Role::accumulator, DType::f32, C, C};
    const TileShape values{Role::operand, w_.dtype, C, BV};
    return target_.peak({counts.decays_footprint(),
                         between,
                         within,
                         counts.states_footprint(),
                         {output,
                          {Role::operand, w_.dtype, C + BV, BK},  // Q, H
                          counts.loaded_at()},
                         {output, scores, values}});
  }

  ClosedForm closed_form(TileSizes t) const override {
    const ChunkCounts counts(w_, Gates::vector, choice_.sizes(t, w_));
    const auto slices = static_cast<std::uint64_t>(counts.value_blocks());
    const auto slices_loads = counts.value_blocks() * counts.key_blocks();
    const ClosedForm outputs = {
        {.tensor = "Q", .dtype = w_.dtype, .read = slices * counts.keys()},
        {.tensor = "A", .dtype = DType::f32, .read = slices * squares(choice_.sizes(t, w_).C)},
        {.tensor = "V", .dtype = w_.dtype, .read = counts.values()},
        {.tensor = "O", .dtype = w_.dtype, .written = counts.values()}};
    const ClosedForm form = sum(scores_form(t.first), outputs);
    if (!choice_.in_memory) {
      const ClosedForm keys = {{.tensor = "K", .dtype = w_.dtype, .read = slices * counts.keys()}};
      return sum(sum(form, keys), counts.decays(slices_loads, 0));
    }
    const ClosedForm states = {{.tensor = "H", .dtype = w_.dtype, .read = counts.states()}};
    return sum(sum(form, sum(counts.states_form(), states)),
               counts.decays(counts.states_loads(), slices_loads));
  }

  std::uint64_t iterations(TileSizes t) const override {
    return static_cast<std::uint64_t>(ceil_div(w_.seqlen_q, t.first) *
                                      (1 + ceil_div(w_.head_dim_v, t.second)));
  }

 private:
  /// Elements of the scores of all pieces of `size` steps with themselves.
  std::uint64_t squares(std::int64_t size) const {
    const std::int64_t last = (w_.seqlen_q - 1) % size + 1;
    const std::int64_t full = (w_.seqlen_q - last) / size;
    return static_cast<std::uint64_t>(w_.query_planes() * (full * size * size + last * last));
  }

  /// The kernels of A. A secondary chunk meets those before it in its chunk, all of them full, and
  /// itself.
  ClosedForm scores_form(std::int64_t c) const {
    const auto u = [](std::int64_t x) { return static_cast<std::uint64_t>(x); };
    const std::int64_t per_chunk = choice_.subchunks;
    const std::int64_t blocks = ceil_div(w_.seqlen_q, c);
    const std::int64_t left = blocks % per_chunk;
    const std::int64_t pairs =
        blocks / per_chunk * (per_chunk * (per_chunk - 1) / 2) + left * (left - 1) / 2;
    const std::int64_t missing = blocks * c - w_.seqlen_q;  // rows of the last block
    const std::int64_t rows = pairs * c - (blocks - 1) % per_chunk * missing;
    const std::int64_t planes = w_.query_planes();
    const std::int64_t d = w_.head_dim;
    const std::int64_t n = w_.seqlen_q;
    return {{.tensor = "Q", .dtype = w_.dtype, .read = u(planes * (rows + n) * d)},
            {.tensor = "K", .dtype = w_.dtype, .read = u(planes * (pairs * c + n) * d)},
            {.tensor = "b",
             .dtype = DType::f32,
             .read = u(planes * (rows + pairs * c + pairs + n) * d)},
            {.tensor = "A", .dtype = DType::f32, .written = u(planes * rows * c) + squares(c)}};
  }

  const Choice choice_;
};

class GatedLinearAttention final : public Schedule {
 public:
  explicit GatedLinearAttention(const PlanRequest& r)
      : w_(require_recurrence(r.info, r.workload)),
        choice_(r),
        model_(w_, r.target, choice_),
        sizes_(choice_.sizes(choose_nest(r, model_), w_)),
        c_(tiles_.sizes.first) {
    const std::int64_t planes = w_.query_planes();
    const std::int64_t slices = ceil_div(w_.head_dim_v, sizes_.BV);
    t_ = add_recurrence_tensors(program_, w_, Gates::vector);
    decays_.add_to(program_, w_, t_, Gates::vector, sizes_);
    a_ = program_.add({"A", TensorRole::workspace, DType::f32, planes, w_.seqlen_q, sizes_.C});
    const std::vector<GridDim> blocks = {{"i", ceil_div(w_.seqlen_q, c_)}, {"plane", planes}};
    using Self = GatedLinearAttention;
    if (choice_.in_memory) states_.add_to(program_, w_, t_, decays_, sizes_, launch_);
    program_.add_kernel<&Self::scores_between>(*this, "scores_between", blocks).launch = launch_;
    program_.add_kernel<&Self::scores_within>(*this, "scores_within", blocks).launch = launch_;
    if (choice_.in_memory) {
      const std::int64_t chunks = ceil_div(w_.seqlen_q, sizes_.C);
      program_
          .add_kernel<&Self::output>(*this, "output",
                                     {{"slice", slices}, {"n", chunks}, {"plane", planes}})
          .launch = launch_;
    } else {
      program_
          .add_kernel<&Self::fused>(*this, "states_on_chip", {{"slice", slices}, {"plane", planes}})
          .launch = launch_;
    }
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  /// A_ij of a secondary chunk i, for all j before it in its chunk.
  Task scores_between(Emitter& em, GridIndex at) const {
    const std::int64_t i = at[0].value();
    const Index plane = at[1];
    const std::int64_t first = i / choice_.subchunks * choice_.subchunks;
    Agent a = em.agent();
    Loop earlier(em, {Run{.begin = first, .end = i}});
    for (Index j; co_await earlier.next(j);) {
      const Region out = a_.block(plane, i, c_, j + -first, c_);
      Tile s = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [c, c]
      {
        Loop head_dim(em, all_blocks(ceil_div(w_.head_dim, choice_.BK)));
        for (Index z; co_await head_dim.next(z);) {
          const Region first_row = decays_.sums().block(plane, i * c_, 1, z, choice_.BK);
          const Tile start = a.load(first_row, Role::vector);      // [1, BK]
          const Tile q = scaled(a, t_.q, plane, i, z, start, 1);   // [c, BK]
          const Tile k = scaled(a, t_.k, plane, j, z, start, -1);  // [c, BK]
          a.matmul_acc(s, q, transposed(k), scores_operand());
        }
      }
      a.store(s, out);
    }
  }

  /// A_ii.
  Task scores_within(Emitter& em, GridIndex at) const {
    const std::int64_t i = at[0].value();
    const Index plane = at[1];
    const Region rows = t_.q.block(plane, i, c_);
    Agent a = em.agent();
    const Tile q = a.load(rows);                                              // [c, d]
    const Tile k = a.load(t_.k.block(plane, i, c_));                          // [c, d]
    const Tile b = a.load(decays_.sums().block(plane, i, c_), Role::vector);  // [c, d]
    const Tile s = a.gated_scores(q, k, b);                                   // [c, c]
    const std::int64_t col = i % choice_.subchunks * c_;
    a.store(s, a_.region(plane, i * c_, rows.rows, col, rows.rows));
    co_return;
  }

  /// BV columns of a chunk of O, from its state in memory.
  Task output(Emitter& em, GridIndex at) const {
    const Index slice = at[0];
    const Index n = at[1];
    const Index plane = at[2];
    const auto [C, BK, BV] = sizes_;
    const Region out = t_.o.block(plane, n, C, slice, BV);
    Agent a = em.agent();
    Tile o = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [C, BV]
    {
      Loop loop(em, all_blocks(ceil_div(w_.head_dim, BK)));
      for (Index z; co_await loop.next(z);) {
        Tile q = a.load(t_.q.block(plane, n, C, z, BK));           // [C, BK]
        const Tile b = decays_.load_at(a, plane, n, z);            // [C, BK]
        const Tile h = a.load(states_.state(plane, n, z, slice));  // [BK, BV]
        a.scale_exp(q, b);
        a.matmul_acc(o, q, h, w_.dtype);
      }
    }
    const Tile v = a.load(t_.v.block(plane, n, C, slice, BV));  // [C, BV]
    add_within_chunk(a, o, v, plane, n);
    a.store(o, out);
  }

  /// BV columns of O, over all chunks.
  Task fused(Emitter& em, GridIndex at) const {
    const Index slice = at[0];
    const Index plane = at[1];
    const auto [C, BK, BV] = sizes_;
    Agent a = em.agent();
    const std::int64_t cols = t_.v.block(plane, 0, C, slice, BV).cols;
    Tile h = a.fill(Role::accumulator, w_.head_dim, cols, DType::f32, 0);  // [d, BV]
    Loop loop(em, all_blocks(ceil_div(w_.seqlen_q, C)));
    for (Index n; co_await loop.next(n);) {
      Tile q = a.load(t_.q.block(plane, n, C));                   // [C, d]
      Tile k = a.load(t_.k.block(plane, n, C));                   // [C, d]
      const Tile v = a.load(t_.v.block(plane, n, C, slice, BV));  // [C, BV]
      LogDecay decay = decays_.load(a, plane, n);
      a.scale_exp(q, decay.at);
      {
        Tile o = a.matmul(q, h, w_.dtype);  // [C, BV]
        add_within_chunk(a, o, v, plane, n);
        a.store(o, t_.o.block(plane, n, C, slice, BV));
      }
      advance_state(a, h, k, v, std::move(decay), w_.dtype);
    }
  }

 private:
  /// Secondary chunk i of Q or K, decayed from the row `start` of log decays, or up to it.
  Tile scaled(Agent& a, const Tensor& x, Index plane, Index i, Index z, const Tile& start,
              double sign) const {
    Tile b = a.load(decays_.sums().block(plane, i, c_, z, choice_.BK), Role::vector);  // [c, BK]
    a.from_row(b, start, sign);
    Tile out = a.load(x.block(plane, i, c_, z, choice_.BK));  // [c, BK]
    a.scale_exp(out, b);
    return out;
  }

  /// O += A V. What lies above the diagonal of A was never computed.
  void add_within_chunk(Agent& a, Tile& o, const Tile& v, Index plane, Index n) const {
    Tile s = a.load(a_.block(plane, n, sizes_.C, 0, v.rows()), Role::accumulator);  // [C, C]
    a.lower(s);
    a.matmul_acc(o, s, v, w_.dtype);
  }

  /// Scores are products of scaled inputs in fp32.
  DType scores_operand() const { return bits(w_.dtype) < 32 ? DType::tf32 : w_.dtype; }

  /// Four warps, loads that run ahead.
  const Launch launch_{.threads = 128, .registers = 255, .double_buffered = true};

  const Workload w_;
  const Choice choice_;
  const Tiles model_;
  const ChunkSizes sizes_;
  const std::int64_t c_;
  RecurrenceTensors t_;
  ChunkDecays decays_;
  ChunkStates states_;
  Tensor a_;  // [planes, N, C]: for each step its scores with the steps of its chunk
};

ATTNSIM_REGISTER_ALGORITHM("gated_linear_attention", [] {
  return Algorithm{info(), plan_schedule<GatedLinearAttention>};
});

}  // namespace
}  // namespace attnsim
