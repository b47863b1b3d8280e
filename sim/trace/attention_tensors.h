// The tensors every attention algorithm starts from.
#pragma once

#include "sim/core/workload.h"
#include "sim/trace/program.h"

namespace attnsim {

/// Q [planes, rows, head_dim], K [kv planes, seqlen_kv, head_dim], V [kv planes, seqlen_kv,
/// head_dim_v], O [planes, rows, head_dim_v], in the workload's dtype.
struct AttentionTensors {
  Tensor q, k, v, o;

  /// The plane of K and V that query plane `plane` uses.
  Index kv_plane(Index plane) const { return plane.divided(q.planes() / k.planes()); }
};

/// Declares them. `packed_heads` query heads that share a KV head are interleaved in the rows of
/// one plane (GQA packing): planes = batch * heads / packed_heads, rows = seqlen_q * packed_heads.
AttentionTensors add_attention_tensors(Program& program, const Workload& workload,
                                       std::int64_t packed_heads = 1);

}  // namespace attnsim
