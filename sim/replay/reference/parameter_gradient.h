// The gradient of attention with respect to a parameter of its queries, by its definition, in
// double. Li et al., arXiv 2410.09397, with the scale and the masks of attention.h:
//
//     Q = A1 X,  K = A2,  V = A3 Y;  O = attention(Q, K, V)
//     dX = A1^T dQ, dQ as attention_backward gives it
//
// Every query head of every batch element has an X, every KV head of every batch element a Y.
#pragma once

#include <span>
#include <vector>

#include "sim/replay/reference/attention.h"

namespace attnsim::reference {

/// Dense and row-major. In an AttentionProblem's words:
struct ParameterInputs {
  std::span<const double> a1;  // [batch, heads, seqlen_q, head_dim]
  std::span<const double> x;   // [batch, heads, head_dim, head_dim]
  std::span<const double> a2;  // [batch, kv_heads, seqlen_kv, head_dim]
  std::span<const double> a3;  // [batch, kv_heads, seqlen_kv, head_dim_v]
  std::span<const double> y;   // [batch, kv_heads, head_dim_v, head_dim_v]
};

/// O of the parameters. Throws std::invalid_argument like attention(), also for an array of this
/// file that has another size than its shape.
AttentionOutput parameter_attention(const AttentionProblem& problem, const ParameterInputs& in);

/// dX [batch, heads, head_dim, head_dim]: the gradient of sum(dO o O) with respect to X.
Gradient parameter_gradient(const AttentionProblem& problem, const ParameterInputs& in,
                            std::span<const double> d_o);

}  // namespace attnsim::reference
