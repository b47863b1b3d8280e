// The backward pass that moves the fewest words on the two-level machine, of the nests of
// sim/trace/backward_nest.h and of two_kernel_backward.
//
// Exact over both: what is left out cannot be better (docs/bounds.md, section 8). No trace is made;
// only closed forms and footprints are evaluated.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/core/run_spec.h"
#include "sim/core/workload.h"

namespace attnsim::schedules {

struct BestBackward {
  AlgorithmChoice choice{};     // of tiled_backward or two_kernel_backward
  std::uint64_t words = 0;      // all traffic
  std::uint64_t footprint = 0;  // words on chip
  std::uint64_t evaluated = 0;  // nests, or kernels of one, whose words were evaluated
};

/// The least traffic with at most `m_words` on chip; of equal nests the one found first, the steps
/// in which its rows or keys are streamed then made as coarse as the memory allows at no cost.
/// Empty when no nest fits (fewer than 4 words). REQUIRES: the backward pass alone, no mask, no
/// dropout.
std::optional<BestBackward> best_backward(const Workload& workload, std::uint64_t m_words);

}  // namespace attnsim::schedules
