// The algorithm that README.md shows: the lines between the marks are printed there.
// [readme]
#include <cmath>

#include "sim/trace/algorithm.h"

namespace {
using namespace attnsim;

/// One query row at a time, keys in blocks of 64.
struct RowStreaming final : Schedule {
  explicit RowStreaming(const PlanRequest& r) : w(r.workload), mask(w) {
    t = add_attention_tensors(program_, w);
    program_.add_kernel<&RowStreaming::row>(*this, "row",
                                            {{"row", w.seqlen_q}, {"plane", w.query_planes()}});
  }
  Task row(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    Tile q = a.load(t.q.block(at[1], at[0], 1));
    Tile o = a.fill(Role::accumulator, 1, w.head_dim_v, DType::f32, 0);
    Tile m = a.fill(Role::vector, 1, 1, DType::f32, kMinusInfinity),
         l = a.fill(Role::vector, 1, 1, DType::f32, 0);
    Loop loop(em, mask.key_blocks(at[0], 1, 64));
    for (Index j; co_await loop.next(j);) {
      Tile k = a.load(t.k.block(t.kv_plane(at[1]), j, 64)),
           v = a.load(t.v.block(t.kv_plane(at[1]), j, 64));
      Tile s = a.matmul(q, transposed(k), w.dtype, 1 / std::sqrt(double(w.head_dim)));
      if (loop.kind() != TileKind::full) a.band(s, mask.band(at[0], 1, j, 64));
      a.online_softmax(s, m, l, o);
      a.matmul_acc(o, s, v, w.dtype);
    }
    a.div_rows(o, l);
    a.store(o, t.o.block(at[1], at[0], 1));
  }
  Workload w;
  AttentionMask mask;
  AttentionTensors t;
};

ATTNSIM_REGISTER_ALGORITHM("row_streaming", [] {
  return Algorithm{
      {.id = "row_streaming", .summary = "one query row at a time", .source = "README"},
      plan_schedule<RowStreaming>};
});
}  // namespace
// [/readme]
