// Lower bounds on I/O, and the shapes the papers prove without constants.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/core/result.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// All bounds known for a workload on a machine, one row per boundary outside the cores (l2 and hbm
/// on a GPU, hbm on the two-level machine). `ratio` is left 0.
///
/// LB0 (rigorous): compulsory traffic of any exact algorithm. Every row of Q that sees a key, and
/// every row of K and V that some query sees, is read at least once (K, V per KV head); every row
/// of O is written once. Statistics (L, l, m) are not counted: an algorithm may do without them.
///
/// Shapes (not rigorous: printed for orientation, never pass or fail), with M the on-chip words of
/// one core and N^2 replaced by the visible pairs:
///   flash_attention  N^2 d^2 / M      (Dao et al., arXiv 2205.14135, Theorem 2; large cache)
///   small_cache      N^2 d / sqrt(M)  (Saha & Ye, arXiv 2402.07443, Theorem 3.5; M < d^2)
///   attention        min of the two   (Saha & Ye, Theorem 3.1)
///   standard         N d + N^2        (Dao et al., Theorem 2)
std::vector<BoundRow> bounds(const Workload& workload, const MachineSpec& machine);

/// The LB0 row of one memory.
BoundRow compulsory(const Workload& workload, const MachineSpec& machine,
                    const std::string& memory);

/// Unmasked (query row, key) pairs of all query heads.
std::uint64_t visible_pairs(const Workload& workload);

}  // namespace attnsim::bounds
