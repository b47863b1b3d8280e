// Linear attention with a decaying state and its gradients, step by step as they are defined, in
// double. Yang et al., arXiv 2312.06635; with one constant gate Sun et al., arXiv 2307.08621:
//
//     S_t = diag(exp(g_t)) S_{t-1} + k_t^T v_t,   o_t = q_t S_t,   S_0 = 0
//     dq_t = dO_t S_t^T,   dS_t = q_t^T dO_t + diag(exp(g_{t+1})) dS_{t+1}
//     dk_t = v_t dS_t^T,   dv_t = k_t dS_t,   dg_t = exp(g_t) rowsum(S_{t-1} o dS_t)
//
// No chunks, no products of matrices and nothing of the rest of attnsim.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/replay/reference/attention.h"

namespace attnsim::reference {

/// Extents in elements. Arrays are dense and row-major. Log decays are [planes, gate_rows,
/// gate_cols]: gate_rows is seqlen or 1 (the same at every step), gate_cols head_dim or 1 (the same
/// for every row of the state). Either is 0: no decay.
struct RecurrenceProblem {
  std::int64_t planes = 1;
  std::int64_t seqlen = 1;
  std::int64_t head_dim = 1;
  std::int64_t head_dim_v = 1;
  std::int64_t gate_rows = 0;
  std::int64_t gate_cols = 0;
};

struct RecurrenceInputs {
  std::span<const double> q, k;  // [planes, seqlen, head_dim]
  std::span<const double> v;     // [planes, seqlen, head_dim_v]
  std::span<const double> g;     // log decays
};

struct RecurrenceGradients {
  Gradient dq, dk, dv;  // as q, k and v
  Gradient dg;          // as g; summed over steps and rows that share a gate
};

/// O [planes, seqlen, head_dim_v]. Sums are accumulated in long double. Throws
/// std::invalid_argument when an array has another size than its shape, as does the function below.
Gradient recurrence(const RecurrenceProblem& problem, const RecurrenceInputs& in);

/// The gradients of sum(dO o O), d_o [planes, seqlen, head_dim_v].
RecurrenceGradients recurrence_backward(const RecurrenceProblem& problem,
                                        const RecurrenceInputs& in, std::span<const double> d_o);

}  // namespace attnsim::reference
