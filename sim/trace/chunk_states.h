// What chunked linear attention has in common: a recurrence cut into chunks of C steps, whose
// states are computed one after another and kept in memory, so that all chunks of the output can be
// computed at once. Yang et al., arXiv 2312.06635, Algorithm 1 ("materialised"); the kernels are
// those of fla-org/flash-linear-attention (fla/ops/common/chunk_h.py, fla/ops/utils/cumsum.py).
//
//     cumsum: for each chunk: b_t = g_1 + .. + g_t over its steps, in fp32
//     states: for each BK x BV block of the state, for each head: H = 0
//       for each chunk n: store H_n = H
//                         H = diag(exp(b_C)) H + (K_n exp(b_C - b))^T V_n
#pragma once

#include <cstdint>
#include <vector>

#include "sim/trace/agent.h"
#include "sim/trace/chunk_counts.h"
#include "sim/trace/program.h"
#include "sim/trace/recurrence_tensors.h"
#include "sim/trace/task.h"

namespace attnsim {

/// Log decays over a chunk, by step: from its start to the step, and over the whole of it. One
/// column, or BK where gates are vectors.
struct LogDecay {
  Tile at;     // [C, 1 or BK]
  Tile whole;  // [1, 1 or BK]
};

/// Log decays as a kernel finds them: of constant gates it makes them itself, others were summed up
/// in memory by a kernel before.
class ChunkDecays {
 public:
  /// Declares the sums, and the kernel that computes them, unless gates are constant.
  void add_to(Program& program, const Workload& workload, const RecurrenceTensors& tensors,
              Gates gates, const ChunkSizes& sizes);

  /// Of chunk n; of the z-th BK rows of the state where gates are vectors.
  LogDecay load(Agent& a, Index plane, Index n, Index z = 0) const;
  Tile load_at(Agent& a, Index plane, Index n, Index z = 0) const;

  /// The sums, as g. REQUIRES: gates are not constant.
  const Tensor& sums() const { return b_; }

  /// A chunk's sums.
  Task sum_up(Emitter& em, GridIndex at) const;

 private:
  Gates gates_ = Gates::constant;
  ChunkSizes sizes_{};
  RecurrenceTensors t_;
  Tensor b_;  // the sums; not of constant gates
};

/// The states before each chunk.
class ChunkStates {
 public:
  /// References `decays`, which outlives it.
  void add_to(Program& program, const Workload& workload, const RecurrenceTensors& tensors,
              const ChunkDecays& decays, const ChunkSizes& sizes, const Launch& launch);

  /// Block (z, slice) of the state before chunk n.
  Region state(Index plane, Index n, Index z, Index slice) const {
    return h_.block(plane * chunks_ + n, z, sizes_.BK, slice, sizes_.BV);
  }

  /// One block of the state of a head, over all chunks.
  Task run(Emitter& em, GridIndex at) const;

 private:
  const ChunkDecays* decays_ = nullptr;
  ChunkSizes sizes_{};
  std::int64_t chunks_ = 1;
  DType dtype_ = DType::f16;  // of inputs and states
  RecurrenceTensors t_;
  Tensor h_;
};

/// H = diag(exp(b_C)) H + (K exp(b_C - b))^T V; K and the decay are used up.
void advance_state(Agent& a, Tile& h, Tile& k, const Tile& v, LogDecay decay, DType operand);

}  // namespace attnsim
