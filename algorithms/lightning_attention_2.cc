// Lightning Attention-2: Qin et al., arXiv 2401.04658, Algorithms 1 and 2. Linear attention whose
// state decays by a number lambda of each head. Inside a block of B steps scores are formed as in
// attention; what came before is in the state KV [d, dv], which stays on chip. With M[r, c] =
// lambda^(r - c) for c <= r, else 0, and Lambda = diag(lambda^1 .. lambda^B):
//
//     for each BV columns of V and O:
//       KV = 0
//       for i: load Q_i, K_i, V_i
//              O_i = (Q_i K_i^T o M) V_i + Lambda Q_i KV; store O_i
//              KV = lambda^B KV + (lambda^B Lambda^-1 K_i)^T V_i
//
// Backward, Algorithm 2 (backward: paper): two loops over blocks, sim/trace/block_backward.h. The
// released kernels (backward: released) compute the terms within blocks apart.
#include <algorithm>

#include "sim/trace/algorithm.h"
#include "sim/trace/block_backward.h"
#include "sim/trace/converted_load.h"
#include "sim/trace/step_value_tiles.h"

namespace attnsim {
namespace {

AlgorithmInfo info() {
  return {
      .id = "lightning_attention_2",
      .summary = "linear attention with a decay by head, scores within blocks, the state on chip",
      .source = "Qin et al. 2024, arXiv 2401.04658, Algorithms 1 and 2",
      .function = kGatedLinearAttention,
      .passes = {Pass::forward, Pass::backward, Pass::forward_backward},
      .tiles = {{"B", "steps of a block"}, {"BV", "columns of V and O of a task, forward", "B"}},
      .params = {{.name = "decay",
                  .type = ParamType::boolean,
                  .default_value = "true",
                  .doc = "false: lambda = 1, and no gates are read"},
                 {.name = "products",
                  .type = ParamType::choice,
                  .default_value = "inputs",
                  .doc = "what the matrix unit takes: the dtype of the inputs, or tf32, to which "
                         "the released kernels convert those of 16 bits",
                  .choices = {"inputs", "tf32"}},
                 {.name = "backward",
                  .type = ParamType::choice,
                  .default_value = "released",
                  .doc =
                      "released: terms within blocks in a kernel of their own, to which the loops "
                      "over blocks add; paper: two loops that do all",
                  .choices = {"released", "paper"}}},
      // No bound on softmax attention holds, and of linear attention none is known.
      .bound_class = {.exact = false, .standard_products = false},
  };
}

class ForwardTiles final : public StepValueTiles {
 public:
  ForwardTiles(const Workload& w, const Target& target, bool decays, DType inputs)
      : StepValueTiles(w, target), decays_(decays), inputs_(inputs) {}

  /// Of lightning_attn2.py.
  std::optional<TileSizes> released() const override { return in_triton(64, 32); }

  /// Blocks as long as the head is wide, so that both parts of O cost the same, and the whole
  /// state.
  TileSizes paper() const override { return {std::min(w_.head_dim, w_.seqlen_q), w_.head_dim_v}; }

  std::vector<TileShape> footprint(TileSizes t) const override {
    const auto [B, BV] = t;
    const std::int64_t d = w_.head_dim;
    std::vector<TileShape> kept = {{Role::accumulator, DType::f32, d, BV}};  // KV
    for (const auto& powers :
         {DecayWithin::footprint(decays_, B), DecayAtEdges::footprint(decays_, B)}) {
      kept.insert(kept.end(), powers.begin(), powers.end());
    }
    kept.push_back({Role::operand, inputs_, 2 * B, d});  // Q, K
    std::vector<TileShape> output = kept;
    output.push_back({Role::operand, inputs_, B, BV});         // V
    output.push_back({Role::accumulator, DType::f32, B, B});   // scores
    output.push_back({Role::accumulator, DType::f32, B, BV});  // O
    if (inputs_ == w_.dtype) return output;
    kept.push_back({Role::vector, w_.dtype, B, d});  // K, not converted yet
    return target_.peak({kept, output});
  }

  /// Q and K once for each BV columns of V.
  ClosedForm closed_form(TileSizes t) const override {
    const std::int64_t B = t.first;
    const std::int64_t n = w_.seqlen_q;
    const auto planes = static_cast<std::uint64_t>(w_.query_planes());
    const auto slices = static_cast<std::uint64_t>(ceil_div(w_.head_dim_v, t.second));
    const std::uint64_t d = planes * static_cast<std::uint64_t>(n * w_.head_dim);
    const std::uint64_t dv = planes * static_cast<std::uint64_t>(n * w_.head_dim_v);
    ClosedForm form = {{.tensor = "Q", .dtype = w_.dtype, .read = slices * d},
                       {.tensor = "K", .dtype = w_.dtype, .read = slices * d},
                       {.tensor = "V", .dtype = w_.dtype, .read = dv},
                       {.tensor = "O", .dtype = w_.dtype, .written = dv}};
    // Powers of lambda are made for full blocks and for the rest, within blocks and at their edges.
    const std::uint64_t kinds = (n >= B ? 1 : 0) + (n % B != 0 ? 1 : 0);
    if (decays_) {
      form.push_back({.tensor = "G", .dtype = DType::f32, .read = slices * planes * 2 * kinds});
    }
    return form;
  }

 private:
  const bool decays_;
  const DType inputs_;  // on chip
};

/// Of the passes that run, which share B.
class Tiles final : public TileModel {
 public:
  Tiles(const Workload& w, const ForwardTiles& forward, const BlockBackwardTiles& backward,
        const Target& target)
      : target_(target) {
    if (w.runs_forward()) passes_.push_back(&forward);
    if (w.runs_backward()) passes_.push_back(&backward);
  }

  TileSizes limits() const override { return passes_.front()->limits(); }
  TileSizes paper() const override { return passes_.front()->paper(); }
  std::optional<TileSizes> released() const override { return passes_.front()->released(); }
  bool second_only_helps() const override { return true; }

  std::vector<TileShape> footprint(TileSizes t) const override {
    std::vector<std::vector<TileShape>> held;
    for (const TileModel* pass : passes_) held.push_back(pass->footprint(t));
    return target_.peak(held);
  }

  ClosedForm closed_form(TileSizes t) const override {
    ClosedForm form;
    for (const TileModel* pass : passes_) form = sum(form, pass->closed_form(t));
    return form;
  }

  std::uint64_t iterations(TileSizes t) const override {
    std::uint64_t all = 0;
    for (const TileModel* pass : passes_) all += pass->iterations(t);
    return all;
  }

 private:
  const Target& target_;
  std::vector<const TileModel*> passes_;
};

class LightningAttention2 final : public Schedule {
 public:
  explicit LightningAttention2(const PlanRequest& r)
      : w_(require_recurrence(r.info, r.workload)),
        decays_(r.choice.params.boolean("decay")),
        within_(r.choice.params.choice("backward") == "released" ? WithinBlocks::apart
                                                                 : WithinBlocks::together),
        converts_(r.choice.params.choice("products") == "tf32" && bits(w_.dtype) < 32),
        inputs_(converts_ ? DType::f32 : w_.dtype),
        operand_(converts_ ? DType::tf32 : w_.dtype),
        forward_model_(w_, r.target, decays_, inputs_),
        backward_model_(w_, r.target, decays_, within_, inputs_),
        model_(w_, forward_model_, backward_model_, r.target) {
    choose_nest(r, model_);
    t_ = add_recurrence_tensors(program_, w_, decays_ ? Gates::constant : Gates::none);
    if (w_.runs_forward()) plan_forward();
    if (w_.runs_backward()) {
      gradients_.add_to(program_, w_, t_,
                        {.B = tiles_.sizes.first,
                         .within = within_,
                         .inputs = inputs_,
                         .operand = operand_,
                         .launch = launch()});
    }
  }

  std::vector<TileShape> footprint() const override { return model_.footprint(tiles_.sizes); }
  ClosedForm closed_form() const override { return model_.closed_form(tiles_.sizes); }

  /// BV columns of O.
  Task forward(Emitter& em, GridIndex at) const {
    const Index plane = at[0];
    const Index slice = at[1];
    const auto [B, BV] = tiles_.sizes;
    const std::int64_t full = w_.seqlen_q / B;
    const std::int64_t rest = w_.seqlen_q % B;
    Agent a = em.agent();
    const std::int64_t cols = t_.v.block(plane, 0, 1, slice, BV).cols;
    Tile kv = a.fill(Role::accumulator, w_.head_dim, cols, DType::f32, 0);  // [d, BV]
    if (full > 0) {
      const Decay decay(a, log_lambda(t_, plane), B);
      Loop loop(em, all_blocks(full));
      for (Index i; co_await loop.next(i);) output(a, plane, i, slice, decay, kv);
    }
    if (rest > 0) output(a, plane, full, slice, Decay(a, log_lambda(t_, plane), rest), kv);
  }

 private:
  /// Powers of lambda for a block.
  struct Decay {
    Decay(Agent& a, const DecayAt& gate, std::int64_t rows)
        : within(a, gate, rows), at_edges(a, gate, rows) {}
    DecayWithin within;
    DecayAtEdges at_edges;
  };

  /// One block of O, and the state after it.
  void output(Agent& a, Index plane, Index i, Index slice, const Decay& decay, Tile& kv) const {
    const auto [B, BV] = tiles_.sizes;
    const Tile q = load_as(a, t_.q.block(plane, i, B), inputs_);             // [B, d]
    Tile k = load_as(a, t_.k.block(plane, i, B), inputs_);                   // [B, d]
    const Tile v = load_as(a, t_.v.block(plane, i, B, slice, BV), inputs_);  // [B, BV]
    {
      Tile s = a.matmul(q, transposed(k), operand_);  // [B, B]
      decay.within.apply(a, s);
      Tile o = a.matmul(q, kv, operand_);  // [B, BV]
      decay.at_edges.from_start(a, o);
      a.matmul_acc(o, s, v, operand_);
      a.store(o, t_.o.block(plane, i, B, slice, BV));
    }
    decay.at_edges.to_end(a, k);
    decay.at_edges.whole(a, kv);
    a.matmul_acc(kv, transposed(k), v, operand_);
  }

  void plan_forward() {
    const std::int64_t slices = ceil_div(w_.head_dim_v, tiles_.sizes.second);
    program_
        .add_kernel<&LightningAttention2::forward>(
            *this, "lightning_attention_2_forward",
            {{"plane", w_.query_planes()}, {"slice", slices}})
        .launch = launch();
  }

  /// Triton's default is four warps. Loads run ahead where they go to the scratchpad directly, not
  /// where registers hold them first.
  Launch launch() const {
    return {.threads = 128, .registers = 255, .double_buffered = !converts_};
  }

  const Workload w_;
  const bool decays_;
  const WithinBlocks within_;
  const bool converts_;
  const DType inputs_;   // of Q, K, V and dO on chip
  const DType operand_;  // what the matrix unit takes
  const ForwardTiles forward_model_;
  const BlockBackwardTiles backward_model_;
  const Tiles model_;
  RecurrenceTensors t_;
  BlockBackward gradients_;
};

ATTNSIM_REGISTER_ALGORITHM("lightning_attention_2", [] {
  return Algorithm{info(), plan_schedule<LightningAttention2>};
});

}  // namespace
}  // namespace attnsim
