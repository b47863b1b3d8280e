// The tensors of linear attention whose state decays, and of its gradients. For every head of every
// batch element, with a state of head_dim x head_dim_v numbers, S_0 = 0, and t = 1 .. N:
//
//     S_t = diag(exp(g_t)) S_{t-1} + k_t^T v_t,   o_t = q_t S_t
//
// The log decays g_t <= 0 are an input, "G". Their shape says which algorithm of the family is
// meant:
//
//     none      no decay
//     constant  one number for each head: retention (Sun et al., arXiv 2307.08621), Lightning
//               Attention (Qin et al., arXiv 2401.04658)
//     scalar    one for each step: simple gated linear attention (Mamba-2, Dao and Gu, arXiv
//               2405.21060)
//     vector    one for each step and row of the state: gated linear attention (Yang et al., arXiv
//               2312.06635)
//
// No scale: papers that have one put it into q.
#pragma once

#include <cstdint>

#include "sim/core/run_spec.h"
#include "sim/trace/program.h"
#include "sim/trace/tensor.h"

namespace attnsim {

enum class Gates : std::uint8_t { none, constant, scalar, vector };

struct RecurrenceTensors {
  Tensor q, k;  // [planes, N, head_dim]
  Tensor v, o;  // [planes, N, head_dim_v]
  Tensor g;     // [planes, 1 or N, 1 or head_dim]; no planes where there are no gates
};

/// dO is an input; dQ, dK and dV as Q, K and V.
struct RecurrenceGradients {
  Tensor d_o, d_q, d_k, d_v;
};

/// Declares them: constant gates in fp32, all else in the workload's dtype. A backward pass has no
/// use for O.
RecurrenceTensors add_recurrence_tensors(Program& program, const Workload& workload, Gates gates);

/// Declares them in the workload's dtype.
RecurrenceGradients add_recurrence_gradients(Program& program, const Workload& workload);

/// Returns the workload. Throws UserError unless it is one of a recurrence: causal, as many keys as
/// queries, keys and values for each head, no window and no block mask.
const Workload& require_recurrence(const AlgorithmInfo& info, const Workload& workload);

/// The workload changed where it must be to be one of a recurrence.
Workload as_recurrence(Workload workload);

}  // namespace attnsim
