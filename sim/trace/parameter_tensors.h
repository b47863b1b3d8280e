// The tensors of attention whose queries and values are products of tokens and parameters, and of
// the gradient of a loss with respect to the parameter X. Li et al., arXiv 2410.09397, after Alman
// and Song, arXiv 2402.04497:
//
//     Q = A1 X,  K = A2,  V = A3 Y;  O = softmax(scale Q K^T) V
//     dX = A1^T dQ
//
// Each query head of each batch element is a problem with parameters of its own; heads that share a
// KV head share A2, A3 and Y.
#pragma once

#include <cstdint>

#include "sim/core/workload.h"
#include "sim/trace/program.h"
#include "sim/trace/tensor.h"

namespace attnsim {

struct ParameterTensors {
  Tensor a1;   // [query planes, seqlen_q, head_dim]
  Tensor x;    // [query planes, head_dim, head_dim]
  Tensor a2;   // [kv planes, seqlen_kv, head_dim]
  Tensor a3;   // [kv planes, seqlen_kv, head_dim_v]
  Tensor y;    // [kv planes, head_dim_v, head_dim_v]
  Tensor d_o;  // [query planes, seqlen_q, head_dim_v]
  Tensor d_x;  // as x

  Tensor shape;  // of the scores, under the number of A1: for Agent::dropout

  /// The plane of A2, A3 and Y that query plane `plane` uses.
  Index kv_plane(Index plane) const { return plane.divided(a1.planes() / a2.planes()); }

  /// Where block (i, j) of a plane's scores lies among all scores.
  Region scores(Index plane, Index i, std::int64_t rows, Index j, std::int64_t cols) const {
    return shape.block(plane, i, rows, j, cols);
  }
};

/// Declares them in the workload's dtype, and the workload's block mask.
ParameterTensors add_parameter_tensors(Program& program, const Workload& workload);

}  // namespace attnsim
