// A run's counts set against the bounds of its class.
#pragma once

#include <vector>

#include "sim/core/result.h"

namespace attnsim::replay {

/// The bounds of result.run for this algorithm, with the ratio of what the run moved. `result` has
/// its io and footprint. Elements have at least `element_bits` bits.
std::vector<BoundRow> bound_rows(const Result& result, const AlgorithmInfo& algorithm,
                                 int element_bits);

/// Throws InternalError when the run moved less than a rigorous lower bound that applies to it:
/// then a count is wrong, a proof is, or the algorithm claims a class it does not belong to.
void require_bounds_hold(const Result& result);

}  // namespace attnsim::replay
