#include "sim/trace/block_backward.h"

#include <algorithm>

#include "sim/trace/converted_load.h"
#include "sim/trace/mask.h"

namespace attnsim {
namespace {

void append(std::vector<TileShape>& tiles, const std::vector<TileShape>& more) {
  tiles.insert(tiles.end(), more.begin(), more.end());
}

}  // namespace

std::uint64_t BlockBackwardTiles::iterations(TileSizes t) const {
  return static_cast<std::uint64_t>(2 * ceil_div(w_.seqlen_q, t.first));
}

std::optional<TileSizes> BlockBackwardTiles::released() const {
  if (!target_.arch().starts_with("sm")) return std::nullopt;
  return TileSizes{64, 1};  // Lightning Attention's, in Triton
}

TileSizes BlockBackwardTiles::paper() const { return {std::min(w_.head_dim, w_.seqlen_q), 1}; }

/// Of the descending loop, which holds more than the other, and of the kernel within blocks.
std::vector<TileShape> BlockBackwardTiles::footprint(TileSizes t) const {
  const std::int64_t B = t.first;
  const std::int64_t d = w_.head_dim;
  const std::int64_t dv = w_.head_dim_v;
  const TileShape inputs{Role::operand, inputs_, 2 * B, d + dv};  // Q, K, V, dO
  const TileShape scores{Role::accumulator, DType::f32, B, B};
  const TileShape gradient{Role::accumulator, DType::f32, B, std::max(d, dv)};
  std::vector<TileShape> loop = {inputs, gradient, {Role::accumulator, DType::f32, d, dv}};
  append(loop, DecayAtEdges::footprint(decays_, B));
  std::vector<TileShape> within = {inputs, gradient, scores};
  append(within, DecayWithin::footprint(decays_, B));
  if (!apart_) {
    loop.push_back(scores);
    append(loop, DecayWithin::footprint(decays_, B));
  }
  std::vector<std::vector<TileShape>> moments = {loop};
  if (apart_) moments.push_back(within);
  if (inputs_ != w_.dtype) {  // one of them is not converted yet
    moments.push_back({inputs, {Role::vector, w_.dtype, B, std::max(d, dv)}});
  }
  return target_.peak(moments);
}

ClosedForm BlockBackwardTiles::closed_form(TileSizes t) const {
  const auto planes = static_cast<std::uint64_t>(w_.query_planes());
  const auto n = static_cast<std::uint64_t>(w_.seqlen_q);
  const auto B = static_cast<std::uint64_t>(t.first);
  const std::uint64_t d = planes * n * static_cast<std::uint64_t>(w_.head_dim);
  const std::uint64_t dv = planes * n * static_cast<std::uint64_t>(w_.head_dim_v);
  const std::uint64_t more = apart_ ? 1 : 0;
  const auto input = [&](const char* tensor, std::uint64_t loops, std::uint64_t elements) {
    return ClosedFormTerm{.tensor = tensor, .dtype = w_.dtype, .read = (loops + more) * elements};
  };
  const auto output = [&](const char* tensor, std::uint64_t elements) {
    return ClosedFormTerm{.tensor = tensor,
                          .dtype = w_.dtype,
                          .read = more * elements,
                          .written = (1 + more) * elements};
  };
  ClosedForm form = {input("Q", 1, d), input("K", 2, d), input("V", 2, dv), input("dO", 2, dv),
                     output("dQ", d),  output("dK", d),  output("dV", dv)};
  if (!decays_) return form;
  // Each loop makes powers of lambda for full blocks, and for the rest.
  const std::uint64_t kinds = 2 * std::uint64_t{n >= B} + 2 * std::uint64_t{n % B != 0};
  const std::uint64_t blocks = (n + B - 1) / B;
  form.push_back(
      {.tensor = "G", .dtype = DType::f32, .read = planes * (apart_ ? kinds + blocks : 2 * kinds)});
  return form;
}

void BlockBackward::add_to(Program& program, const Workload& w, const RecurrenceTensors& tensors,
                           const Plan& plan) {
  plan_ = plan;
  t_ = tensors;
  g_ = add_recurrence_gradients(program, w);
  const std::int64_t planes = w.query_planes();
  if (plan_.within == WithinBlocks::apart) {
    program
        .add_kernel<&BlockBackward::within_block>(
            *this, "backward_within_blocks",
            {{"i", ceil_div(w.seqlen_q, plan_.B)}, {"plane", planes}})
        .launch = plan_.launch;
  }
  program.add_kernel<&BlockBackward::loops>(*this, "backward_loops", {{"plane", planes}}).launch =
      plan_.launch;
}

/// Powers of lambda for a block: those within it where a loop computes all terms.
struct BlockBackward::Decay {
  Decay(Agent& a, const DecayAt& gate, std::int64_t rows, WithinBlocks terms)
      : edges(a, gate, rows) {
    if (terms == WithinBlocks::together) within.emplace(a, gate, rows);
  }
  DecayAtEdges edges;
  std::optional<DecayWithin> within{};
};

Task BlockBackward::within_block(Emitter& em, GridIndex at) const {
  const Index i = at[0];
  const Index plane = at[1];
  Agent a = em.agent();
  Tile q = load(a, t_.q, plane, i);      // [B, d]
  Tile k = load(a, t_.k, plane, i);      // [B, d]
  Tile v = load(a, t_.v, plane, i);      // [B, dv]
  Tile d_o = load(a, g_.d_o, plane, i);  // [B, dv]
  const DecayWithin within(a, log_lambda(t_, plane), q.rows());
  {
    Tile d_s = scores(a, d_o, v, within);
    a.store(a.matmul(d_s, k, plan_.operand), g_.d_q.block(plane, i, plan_.B));
    a.store(a.matmul(transposed(d_s), q, plan_.operand), g_.d_k.block(plane, i, plan_.B));
  }
  Tile s = scores(a, q, k, within);
  a.store(a.matmul(transposed(s), d_o, plan_.operand), g_.d_v.block(plane, i, plan_.B));
  co_return;
}

Task BlockBackward::loops(Emitter& em, GridIndex at) const {
  const Index plane = at[0];
  const DecayAt gate = log_lambda(t_, plane);
  const std::int64_t full = t_.q.rows() / plan_.B;
  const std::int64_t rest = t_.q.rows() % plan_.B;
  Agent a = em.agent();
  {
    Tile kv = empty_state(a);
    if (full > 0) {
      const Decay decay(a, gate, plan_.B, plan_.within);
      Loop loop(em, all_blocks(full));
      for (Index i; co_await loop.next(i);) query_gradient(a, plane, i, decay, kv);
    }
    if (rest > 0) query_gradient(a, plane, full, Decay(a, gate, rest, plan_.within), kv);
  }
  Tile d_kv = empty_state(a);
  if (rest > 0) key_gradients(a, plane, full, Decay(a, gate, rest, plan_.within), d_kv);
  if (full > 0) {
    const Decay decay(a, gate, plan_.B, plan_.within);
    Loop loop(em, {Run{.begin = 0, .end = full, .descending = true}});
    for (Index i; co_await loop.next(i);) key_gradients(a, plane, i, decay, d_kv);
  }
}

/// One block of dQ, and the state after it.
void BlockBackward::query_gradient(Agent& a, Index plane, Index i, const Decay& decay,
                                   Tile& kv) const {
  Tile k = load(a, t_.k, plane, i);      // [B, d]
  Tile v = load(a, t_.v, plane, i);      // [B, dv]
  Tile d_o = load(a, g_.d_o, plane, i);  // [B, dv]
  {
    Tile d_q = a.matmul(d_o, transposed(kv), plan_.operand);  // [B, d]
    decay.edges.from_start(a, d_q);
    if (decay.within) {
      a.matmul_acc(d_q, scores(a, d_o, v, *decay.within), k, plan_.operand);
    }
    put(a, d_q, g_.d_q.block(plane, i, plan_.B));
  }
  decay.edges.to_end(a, k);
  decay.edges.whole(a, kv);
  a.matmul_acc(kv, transposed(k), v, plan_.operand);
}

/// One block of dK and dV, and the gradient of the state before it.
void BlockBackward::key_gradients(Agent& a, Index plane, Index i, const Decay& decay,
                                  Tile& d_kv) const {
  Tile q = load(a, t_.q, plane, i);      // [B, d]
  Tile k = load(a, t_.k, plane, i);      // [B, d]
  Tile v = load(a, t_.v, plane, i);      // [B, dv]
  Tile d_o = load(a, g_.d_o, plane, i);  // [B, dv]
  {
    Tile d_k = a.matmul(v, transposed(d_kv), plan_.operand);  // [B, d]
    decay.edges.to_end(a, d_k);
    if (decay.within) {
      const Tile d_s = scores(a, d_o, v, *decay.within);
      a.matmul_acc(d_k, transposed(d_s), q, plan_.operand);
    }
    put(a, d_k, g_.d_k.block(plane, i, plan_.B));
  }
  {
    Tile d_v = a.matmul(k, d_kv, plan_.operand);  // [B, dv]
    decay.edges.to_end(a, d_v);
    if (decay.within) {
      const Tile s = scores(a, q, k, *decay.within);
      a.matmul_acc(d_v, transposed(s), d_o, plan_.operand);
    }
    put(a, d_v, g_.d_v.block(plane, i, plan_.B));
  }
  decay.edges.from_start(a, q);
  decay.edges.whole(a, d_kv);
  a.matmul_acc(d_kv, transposed(q), d_o, plan_.operand);
}

Tile BlockBackward::load(Agent& a, const Tensor& tensor, Index plane, Index i) const {
  return load_as(a, tensor.block(plane, i, plan_.B), plan_.inputs);
}

/// x y^T o M.
Tile BlockBackward::scores(Agent& a, const Tile& x, const Tile& y,
                           const DecayWithin& within) const {
  Tile s = a.matmul(x, transposed(y), plan_.operand);  // [B, B]
  within.apply(a, s);
  return s;
}

/// A gradient, or what a loop adds to it.
void BlockBackward::put(Agent& a, const Tile& gradient, const Region& to) const {
  if (plan_.within == WithinBlocks::together) return a.store(gradient, to);
  a.accumulate(gradient, to, AddAt::core);
}

Tile BlockBackward::empty_state(Agent& a) const {
  return a.fill(Role::accumulator, t_.q.cols(), t_.v.cols(), DType::f32, 0);  // [d, dv]
}

}  // namespace attnsim
