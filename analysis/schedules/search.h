// The nest of attention_nest.h that moves the fewest words on the two-level machine.
//
// Exact over the family: what is left out cannot be better (docs/bounds.md, section 8). No trace is
// made; only the formulas of NestCosts are evaluated.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/core/workload.h"
#include "sim/trace/attention_nest.h"

namespace attnsim::schedules {

struct BestNest {
  AttentionNest nest{};
  std::uint64_t words = 0;      // all traffic
  std::uint64_t footprint = 0;  // words on chip
  std::uint64_t evaluated = 0;  // nests whose words were evaluated
};

/// The least traffic with at most `m_words` on chip; of equal nests the one found first, its steps
/// then made as coarse as the memory allows at no cost. Empty when no nest fits (fewer than 5
/// words). REQUIRES: a forward pass, no block mask.
std::optional<BestNest> best_nest(const Workload& workload, std::uint64_t m_words);

}  // namespace attnsim::schedules
