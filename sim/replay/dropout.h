// Which elements dropout drops: a counter-based generator, so that every pass over the scores, in
// any order and any tiling, finds the same ones without storing them.
#pragma once

#include <cstdint>

#include "sim/core/workload.h"

namespace attnsim::replay {

/// Whether dropout drops element (row, col) of the scores; `row` runs over all canonical planes.
/// Word col mod 4 of Philox4x32-10 at counter (floor(col / 4), 0, row low, row high) under the seed
/// as key (low, high) is below probability * 2^32. REQUIRES: 0 <= probability < 1, row, col >= 0.
bool dropped(const DropoutSpec& spec, std::int64_t row, std::int64_t col);

}  // namespace attnsim::replay
