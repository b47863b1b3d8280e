#include "sim/trace/chunk_states.h"

#include <utility>

#include "sim/trace/mask.h"

namespace attnsim {
namespace {

/// Columns of the sums that a task looks at.
std::int64_t columns(Gates gates, const ChunkSizes& sizes) {
  return gates == Gates::vector ? sizes.BK : 1;
}

}  // namespace

void ChunkDecays::add_to(Program& program, const Workload& w, const RecurrenceTensors& tensors,
                         Gates gates, const ChunkSizes& sizes) {
  gates_ = gates;
  sizes_ = sizes;
  t_ = tensors;
  if (gates == Gates::constant) return;
  const Tensor& g = t_.g;
  b_ = program.add({"b", TensorRole::workspace, DType::f32, g.planes(), g.rows(), g.cols()});
  program.add_kernel<&ChunkDecays::sum_up>(*this, "cumsum",
                                           {{"z", ceil_div(g.cols(), columns(gates, sizes))},
                                            {"n", ceil_div(w.seqlen_q, sizes.C)},
                                            {"plane", g.planes()}});
}

LogDecay ChunkDecays::load(Agent& a, Index plane, Index n, Index z) const {
  const std::int64_t rows = t_.q.block(plane, n, sizes_.C).rows;
  if (gates_ == Gates::constant) {
    const Tile step = a.load(t_.g.plane(plane), Role::vector);  // [1, 1]
    Tile at = a.ramp(step, rows);
    Tile whole = a.ramp(step, 1, static_cast<double>(rows));
    return {std::move(at), std::move(whole)};
  }
  const std::int64_t cols = columns(gates_, sizes_);
  const Index col = gates_ == Gates::vector ? z : Index(0);
  Tile at = a.load(b_.block(plane, n, sizes_.C, col, cols), Role::vector);
  Tile whole = a.load(b_.block(plane, n * sizes_.C + (rows - 1), 1, col, cols), Role::vector);
  return {std::move(at), std::move(whole)};
}

Tile ChunkDecays::load_at(Agent& a, Index plane, Index n, Index z) const {
  if (gates_ == Gates::constant) {
    const Tile step = a.load(t_.g.plane(plane), Role::vector);  // [1, 1]
    return a.ramp(step, t_.q.block(plane, n, sizes_.C).rows);
  }
  const Index col = gates_ == Gates::vector ? z : Index(0);
  return a.load(b_.block(plane, n, sizes_.C, col, columns(gates_, sizes_)), Role::vector);
}

Task ChunkDecays::sum_up(Emitter& em, GridIndex at) const {
  const Index z = at[0];
  const Index n = at[1];
  const Index plane = at[2];
  const std::int64_t cols = columns(gates_, sizes_);
  Agent a = em.agent();
  const Tile g = a.load(t_.g.block(plane, n, sizes_.C, z, cols), Role::vector);
  Tile b = a.move(g, Role::vector, DType::f32);
  a.cumsum(b);
  a.store(b, b_.block(plane, n, sizes_.C, z, cols));
  co_return;
}

void ChunkStates::add_to(Program& program, const Workload& w, const RecurrenceTensors& tensors,
                         const ChunkDecays& decays, const ChunkSizes& sizes, const Launch& launch) {
  decays_ = &decays;
  sizes_ = sizes;
  chunks_ = ceil_div(w.seqlen_q, sizes.C);
  dtype_ = w.dtype;
  t_ = tensors;
  const std::int64_t planes = w.query_planes();
  h_ = program.add(
      {"H", TensorRole::workspace, w.dtype, planes * chunks_, w.head_dim, w.head_dim_v});
  program
      .add_kernel<&ChunkStates::run>(*this, "states",
                                     {{"z", ceil_div(w.head_dim, sizes.BK)},
                                      {"slice", ceil_div(w.head_dim_v, sizes.BV)},
                                      {"plane", planes}})
      .launch = launch;
}

Task ChunkStates::run(Emitter& em, GridIndex at) const {
  const Index z = at[0];
  const Index slice = at[1];
  const Index plane = at[2];
  const auto [C, BK, BV] = sizes_;
  Agent a = em.agent();
  const Region block = state(plane, 0, z, slice);
  Tile h = a.fill(Role::accumulator, block.rows, block.cols, DType::f32, 0);  // [BK, BV]
  Loop loop(em, all_blocks(chunks_));
  for (Index n; co_await loop.next(n);) {
    a.store(h, state(plane, n, z, slice));
    Tile k = a.load(t_.k.block(plane, n, C, z, BK));            // [C, BK]
    const Tile v = a.load(t_.v.block(plane, n, C, slice, BV));  // [C, BV]
    advance_state(a, h, k, v, decays_->load(a, plane, n, z), dtype_);
  }
}

void advance_state(Agent& a, Tile& h, Tile& k, const Tile& v, LogDecay decay, DType operand) {
  a.from_row(decay.at, decay.whole, -1);
  a.scale_exp(k, decay.at);
  a.decay_state(h, decay.whole);
  a.matmul_acc(h, transposed(k), v, operand);
}

}  // namespace attnsim
