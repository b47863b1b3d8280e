// Linear attention whose state decays by one number: of each step and head (simple gated linear
// attention), or of each head (retention). Chunks of C steps, as in Yang et al., arXiv 2312.06635,
// Algorithms 1 and 2, and fla-org/flash-linear-attention (fla/ops/simple_gla). With b the log decay
// from the start of a chunk to a step, and D[r, c] = exp(b_r - b_c) for c <= r, else 0:
//
//     states in memory:  the states H_n before all chunks (sim/trace/chunk_states.h), then for each
//                        chunk n and BV columns of V, all at once:
//       for z: load Q_nz, K_nz, H_nz; O += Q_nz H_nz; S += Q_nz K_nz^T        BK columns at a time
//       load V_n; O = exp(b) O + (S o D) V_n; store O_n
//     states on chip:    for each BV columns of V: H = 0
//       for n: load Q_n, K_n, V_n; O = exp(b) (Q_n H) + (Q_n K_n^T o D) V_n; store O_n
//              H = exp(b_C) H + (K_n exp(b_C - b))^T V_n
#include <algorithm>
#include <utility>

#include "sim/trace/algorithm.h"
#include "sim/trace/chunk_states.h"
#include "sim/trace/step_value_tiles.h"

namespace attnsim {
namespace {

AlgorithmInfo info(Gates gates) {
  const bool retention = gates == Gates::constant;
  const std::string source = retention ? "Sun et al. 2023, arXiv 2307.08621"
                                       : "Dao and Gu 2024, arXiv 2405.21060 (scalar decays)";
  return {
      .id = retention ? "retention" : "simple_gated_linear_attention",
      .summary = retention ? "linear attention with a decay by head, in chunks"
                           : "linear attention with a decay by step and head, in chunks",
      .source = source + "; chunks: Yang et al. 2023, arXiv 2312.06635, Algorithms 1 and 2",
      .function = kGatedLinearAttention,
      .tiles = {{"C", "steps of a chunk"}, {"BV", "columns of V and O of a task"}},
      .params = {{.name = "states",
                  .type = ParamType::choice,
                  .default_value = "memory",
                  .doc = "memory: stored for all chunks, whose outputs are then computed at once; "
                         "chip: kept, one chunk after another",
                  .choices = {"memory", "chip"}},
                 {.name = "BK",
                  .type = ParamType::integer,
                  .default_value = "64",
                  .doc = "with states in memory: rows of a block of the state",
                  .minimum = 16}},
      .bound_class = {.exact = false, .standard_products = false},
  };
}

class Tiles final : public StepValueTiles {
 public:
  Tiles(const Workload& w, const Target& target, Gates gates, bool in_memory, std::int64_t BK)
      : StepValueTiles(w, target), gates_(gates), in_memory_(in_memory), key_block_(BK) {}

  ChunkSizes sizes(TileSizes t) const { return {.C = t.first, .BK = key_block_, .BV = t.second}; }

  std::optional<TileSizes> released() const override { return in_triton(64, 64); }

  /// The papers print no formula: the released chunk, and all of a state.
  TileSizes paper() const override {
    return {std::min<std::int64_t>(64, w_.seqlen_q), w_.head_dim_v};
  }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [C, BV] = t;
    const ChunkCounts counts(w_, gates_, sizes(t));
    if (!in_memory_) {
      return target_.peak({counts.decays_footprint(), counts.on_chip_footprint()});
    }
    const TileShape output{Role::accumulator, DType::f32, C, BV};
    const TileShape scores{Role::accumulator, DType::f32, C, C};
    const TileShape values{Role::operand, w_.dtype, C, BV};
    return target_.peak({counts.decays_footprint(),
                         counts.states_footprint(),
                         {output,
                          scores,
                          {Role::operand, w_.dtype, 2 * C, key_block_},  // Q, K
                          {Role::operand, w_.dtype, key_block_, BV}},    // H
                         {output, scores, values, counts.loaded_at()}});
  }

  ClosedForm closed_form(TileSizes t) const override {
    const ChunkCounts counts(w_, gates_, sizes(t));
    const auto slices = static_cast<std::uint64_t>(counts.value_blocks());
    const ClosedForm inputs = {{.tensor = "Q", .dtype = w_.dtype, .read = slices * counts.keys()},
                               {.tensor = "K", .dtype = w_.dtype, .read = slices * counts.keys()},
                               {.tensor = "V", .dtype = w_.dtype, .read = counts.values()},
                               {.tensor = "O", .dtype = w_.dtype, .written = counts.values()}};
    if (!in_memory_) return sum(inputs, counts.decays(counts.value_blocks(), 0));
    const ClosedForm states = {{.tensor = "H", .dtype = w_.dtype, .read = counts.states()}};
    return sum(sum(inputs, sum(counts.states_form(), states)),
               counts.decays(counts.states_loads(), counts.value_blocks()));
  }

 private:
  const Gates gates_;
  const bool in_memory_;
  const std::int64_t key_block_;
};

class ChunkedLinearAttention final : public Schedule {
 public:
  ChunkedLinearAttention(const PlanRequest& r, Gates gates)
      : w_(require_recurrence(r.info, r.workload)),
        in_memory_(r.choice.params.choice("states") == "memory"),
        model_(w_, r.target, gates, in_memory_,
               std::min(r.choice.params.integer("BK"), w_.head_dim)),
        sizes_(model_.sizes(choose_nest(r, model_))) {
    t_ = add_recurrence_tensors(program_, w_, gates);
    decays_.add_to(program_, w_, t_, gates, sizes_);
    const std::int64_t chunks = ceil_div(w_.seqlen_q, sizes_.C);
    const std::int64_t slices = ceil_div(w_.head_dim_v, sizes_.BV);
    const std::int64_t planes = w_.query_planes();
    if (in_memory_) {
      states_.add_to(program_, w_, t_, decays_, sizes_, launch_);
      program_
          .add_kernel<&ChunkedLinearAttention::output>(
              *this, "output", {{"slice", slices}, {"n", chunks}, {"plane", planes}})
          .launch = launch_;
    } else {
      program_
          .add_kernel<&ChunkedLinearAttention::fused>(*this, "states_on_chip",
                                                      {{"slice", slices}, {"plane", planes}})
          .launch = launch_;
    }
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  /// BV columns of a chunk of O, from its state in memory.
  Task output(Emitter& em, GridIndex at) const {
    const Index slice = at[0];
    const Index n = at[1];
    const Index plane = at[2];
    const auto [C, BK, BV] = sizes_;
    const Region out = t_.o.block(plane, n, C, slice, BV);
    Agent a = em.agent();
    Tile o = a.fill(Role::accumulator, out.rows, out.cols, DType::f32, 0);  // [C, BV]
    Tile s = a.fill(Role::accumulator, out.rows, out.rows, DType::f32, 0);  // [C, C]
    {
      Loop loop(em, all_blocks(ceil_div(w_.head_dim, BK)));
      for (Index z; co_await loop.next(z);) {
        const Tile q = a.load(t_.q.block(plane, n, C, z, BK));     // [C, BK]
        const Tile k = a.load(t_.k.block(plane, n, C, z, BK));     // [C, BK]
        const Tile h = a.load(states_.state(plane, n, z, slice));  // [BK, BV]
        a.matmul_acc(o, q, h, w_.dtype);
        a.matmul_acc(s, q, transposed(k), w_.dtype);
      }
    }
    const Tile v = a.load(t_.v.block(plane, n, C, slice, BV));  // [C, BV]
    const Tile b = decays_.load_at(a, plane, n);                // [C, 1]
    finish_output(a, o, s, v, b);
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
      const Tile q = a.load(t_.q.block(plane, n, C));             // [C, d]
      Tile k = a.load(t_.k.block(plane, n, C));                   // [C, d]
      const Tile v = a.load(t_.v.block(plane, n, C, slice, BV));  // [C, BV]
      LogDecay decay = decays_.load(a, plane, n);
      {
        Tile o = a.matmul(q, h, w_.dtype);              // [C, BV]
        Tile s = a.matmul(q, transposed(k), w_.dtype);  // [C, C]
        finish_output(a, o, s, v, decay.at);
        a.store(o, t_.o.block(plane, n, C, slice, BV));
      }
      advance_state(a, h, k, v, std::move(decay), w_.dtype);
    }
  }

 private:
  /// O = exp(b) O + (S o D) V.
  void finish_output(Agent& a, Tile& o, Tile& s, const Tile& v, const Tile& b) const {
    a.scale_exp(o, b);
    a.decay(s, b, b);
    a.lower(s);
    a.matmul_acc(o, s, v, w_.dtype);
  }

  /// Four warps, loads that run ahead.
  const Launch launch_{.threads = 128, .registers = 255, .double_buffered = true};

  const Workload w_;
  const bool in_memory_;
  const Tiles model_;
  const ChunkSizes sizes_;
  RecurrenceTensors t_;
  ChunkDecays decays_;
  ChunkStates states_;
};

template <Gates kGates>
std::unique_ptr<Schedule> plan(const PlanRequest& request) {
  return std::make_unique<ChunkedLinearAttention>(request, kGates);
}

ATTNSIM_REGISTER_ALGORITHM("simple_gated_linear_attention", [] {
  return Algorithm{info(Gates::scalar), plan<Gates::scalar>};
});
ATTNSIM_REGISTER_ALGORITHM("retention", [] {
  return Algorithm{info(Gates::constant), plan<Gates::constant>};
});

}  // namespace
}  // namespace attnsim
