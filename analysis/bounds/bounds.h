// Lower bounds on I/O, and the shapes the papers prove without constants.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/core/result.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// All bounds known for a workload on a machine, boundaries outside the cores from inner to outer
/// (l2 and hbm on a GPU, hbm on the two-level machine). `ratio` is left 0.
///
/// LB0 (rigorous, at every boundary): compulsory traffic of any exact algorithm that forms every
/// visible score. Every row of Q that sees a key, and every row of K and V that some query sees, is
/// read at least once (K, V per KV head); every row of O is written once. Backward reads dO like Q
/// and writes dQ, dK, dV in full. Statistics (L, l, m) are not counted: an algorithm may do without
/// them. (A row that sees one key has softmax 1 whatever its score: an algorithm that treats such
/// rows apart, and so never reads that row of Q, is not of this class.)
///
/// Shapes (not rigorous: printed for orientation, never pass or fail), at the boundary just outside
/// the cores, per query head with M the on-chip words of one core, N^2 replaced by the visible
/// pairs, N of a regime by the pairs over the longer side, and d by the mean of head_dim and
/// head_dim_v:
///   theta_flash_attention  N^2 d^2 / M      d^2 <= M <= N d
///                          (Dao et al., arXiv 2205.14135, Theorem 2; backward: Theorem 5)
///   theta_small_cache      N^2 d / sqrt(M)  M < d^2, forward
///                          (Saha & Ye, arXiv 2402.07443, Theorem 3.5)
///   theta_attention        min of the two   forward (Saha & Ye, Theorem 3.1)
///   theta_standard         N d + N^2        M >= d^2 (Dao et al., Theorems 2 and 5)
/// `applies` is the condition beside the formula.
std::vector<BoundRow> bounds(const Workload& workload, const MachineSpec& machine);

/// The LB0 row of one memory.
BoundRow compulsory(const Workload& workload, const MachineSpec& machine,
                    const std::string& memory);

/// Unmasked (query row, key) pairs of all query heads, in O(1). Throws UserError when there are
/// 2^64 or more.
std::uint64_t visible_pairs(const Workload& workload);

}  // namespace attnsim::bounds
