// What bounds the I/O of attention from below, and what published algorithms reach from above.
//
//   LB0         compulsory traffic (compulsory.h); holds for every M
//   LB1 .. LB5  what a memory of M words forces (phase_bounds.h); proofs in docs/bounds.md
//   matmul      Q K^T as a matrix product; second-hand, for orientation
//   theta_*     the shapes the papers prove without constants (shapes.h); for orientation
//   UB_*        exact counts of algorithms on the two-level machine (upper.h)
#pragma once

#include <optional>
#include <vector>

#include "analysis/bounds/visible.h"
#include "sim/core/machine_spec.h"
#include "sim/core/result.h"
#include "sim/core/run_spec.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// What a run adds to its workload and machine, as far as bounds depend on it. All of it may be
/// left out.
struct RunFacts {
  /// Its function decides which bounds there are, its class which of them apply. Without one every
  /// bound of attention applies that holds for some algorithm.
  const AlgorithmInfo* algorithm = nullptr;
  /// Where it holds more than a capacity, M is what it holds.
  std::vector<FootprintRow> footprint{};
  /// Bits of the smallest element it keeps or moves; absent: of the workload's dtype. M is counted
  /// in such elements, and each word of LB1 to LB5 has at least these bits.
  std::optional<int> element_bits{};
  /// Of a mask that is no band.
  std::optional<Visible> seen{};
};

/// All bounds known, boundaries outside the cores from inner to outer (l2 and hbm on a GPU, hbm on
/// the two-level machine). Rigorous rows are totals, reads and writes together, of all heads:
/// max(reads of LB0, loads) + writes of LB0 where the argument bounds loads, else
/// max(LB0, all I/O). `ratio` is left 0.
std::vector<BoundRow> bounds(const Workload& workload, const MachineSpec& machine,
                             const RunFacts& run = {});

}  // namespace attnsim::bounds
