// The tensors every attention algorithm starts from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/params.h"
#include "sim/core/workload.h"
#include "sim/trace/agent.h"
#include "sim/trace/program.h"

namespace attnsim {

/// Q [planes, rows, head_dim], K [kv planes, seqlen_kv, head_dim], V [kv planes, seqlen_kv,
/// head_dim_v], O [planes, rows, head_dim_v], in the workload's dtype.
struct AttentionTensors {
  Tensor q, k, v, o;

  /// The plane of K and V that query plane `plane` uses.
  Index kv_plane(Index plane) const { return plane.divided(q.planes() / k.planes()); }

  /// The query planes that use plane `kv_plane` of K and V, whose gradients are sums over them.
  std::vector<Run> query_planes(Index kv_plane) const {
    return {Run::within_block(kv_plane, q.planes() / k.planes(), q.planes())};
  }

  /// Where block (i, j) of a plane's scores lies among all scores, for Agent::dropout. They need
  /// not exist: the rows are those of Q, the columns the keys.
  Region scores(Index plane, Index i, std::int64_t Br, Index j, std::int64_t Bc) const {
    return shape.block(plane, i, Br, j, Bc);
  }

  Tensor shape;  // of the scores, under the number of Q
};

/// The parameter `pack_gqa` of algorithms whose blocks can hold all heads of a group.
ParamSpec pack_gqa_parameter();

/// dO as O, dQ as Q, dK and dV as K and V.
struct GradientTensors {
  Tensor d_o, d_q, d_k, d_v;
};

/// Lists of the tiles that a block mask shows, as a kernel reads them: one list for each row block
/// (or key block) and plane, its length first, then one word for each tile. Nothing without a block
/// mask: a band needs no lists.
class TileLists {
 public:
  TileLists() = default;
  /// Declares the tensor: `lists` lists of at most `most` tiles.
  TileLists(Program& program, std::int64_t lists, std::int64_t most,
            const std::string& name = "mask");

  /// Reads the length of a list, before its loop; the word is gone at once.
  void read_length(Agent& a, Index plane, Index list) const { read(a, plane, list, 0); }
  /// Reads the tile of the loop's iteration.
  void read_next(Agent& a, Index plane, Index list, const Loop& loop) const;

  bool empty() const { return lists_.planes() == 0; }

 private:
  void read(Agent& a, Index plane, Index list, Index word) const;

  Tensor lists_;
};

/// Declares them, and the workload's block mask. `packed_heads` query heads that share a KV head
/// are interleaved in the rows of one plane (GQA packing): planes = batch * heads / packed_heads,
/// rows = seqlen_q * packed_heads. A backward pass that has no use for O does without.
AttentionTensors add_attention_tensors(Program& program, const Workload& workload,
                                       std::int64_t packed_heads = 1, bool with_output = true);

/// Declares those of the backward pass, in the workload's dtype but for what an algorithm sums in
/// memory, in fp32: dQ, or dK and dV.
GradientTensors add_gradient_tensors(Program& program, const Workload& workload, DType d_query,
                                     std::int64_t packed_heads = 1,
                                     std::optional<DType> d_keys = {});

}  // namespace attnsim
