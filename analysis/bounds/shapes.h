// Bounds for orientation: the shapes papers prove without constants, and a bound on matrix products
// that is quoted second-hand. None is rigorous here; none can pass or fail a run.
//
//   theta_flash_attention  N^2 d^2 / M      d^2 <= M <= N d
//                          (Dao et al., arXiv 2205.14135, Theorem 2; backward: Theorem 5)
//   theta_small_cache      N^2 d / sqrt(M)  M < d^2, forward
//                          (Saha & Ye, arXiv 2402.07443, Theorem 3.5)
//   theta_attention        min of the two   forward (Saha & Ye, Theorem 3.1)
//   theta_standard         N d + N^2        M >= d^2 (Dao et al., Theorems 2 and 5)
//   matmul                 2 m n k / sqrt(M) - 2 M for an m x k by k x n product, of Q K^T less the
//                          m n words of its result that attention keeps on chip (Smith et al.,
//                          arXiv 1702.02017, as quoted by Kwasniewski et al., arXiv 1908.09606)
//
// Per query head (matmul: per KV head) with N^2 replaced by the visible pairs, N of a regime by the
// pairs over the longer side, and d by the mean of head_dim and head_dim_v.
#pragma once

#include <cstdint>
#include <vector>

#include "analysis/bounds/visible.h"
#include "sim/core/result.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// Rows of all heads together, without memory and bytes. `applies` is the regime.
std::vector<BoundRow> shapes(const Workload& workload, const Visible& seen, std::uint64_t m_words);

/// Of dX (sim/trace/parameter_tensors.h), as `shapes`:
///
///   theta_parameter_gradient  min((N^2 d^2 + N d^3) / M, (N^2 d + N d^2) / sqrt(M))
///                             (Li et al., arXiv 2410.09397, Theorem 1.1, second-hand)
std::vector<BoundRow> parameter_gradient_shapes(const Workload& workload, const Visible& seen,
                                                std::uint64_t m_words);

}  // namespace attnsim::bounds
