// Exact counts of algorithms with a best choice of tiles in closed form: whoever moves more on the
// two-level machine can do better. Unmasked loops, so valid under every mask.
//
//   UB_flash_attention_2  row blocks of Br = floor((M - d - d_v) / (d + d_v + 3)) queries against
//                         single keys: Br (d + d_v) words of Q and O, d + d_v of K and V, three of
//                         scores and statistics a row. Each query head for itself:
//                         N_q (d + d_v + 1) + N_k (d + d_v) ceil(N_q / Br)
//                         (Dao, arXiv 2307.08691, Algorithm 1; L is stored)
//   UB_square_tiling      blocks of b x b scores, the largest with b^2 + 4 b <= M, products by
//                         rank-1 updates, raw scores stored, row maximum and sum kept:
//                         N_q d ceil(N_k / b) + N_k (d + d_v) ceil(N_q / b)
//                         + N_q N_k (1 + ceil(d_v / b)) + N_q (d_v + 4)
//                         (the loops of Saha & Ye, arXiv 2402.07443, Algorithm 1)
//
// Forward only: for the backward pass we know no count with tiles in closed form.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/result.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// Rows without memory and bytes, for a machine where every element is a word; none for the
/// backward passes. A row that needs more than M words does not apply.
std::vector<BoundRow> upper_bounds(const Workload& workload, std::uint64_t m_words);

}  // namespace attnsim::bounds
