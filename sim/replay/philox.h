// Which elements dropout drops: a counter-based generator, so that every pass over the scores, in
// any order and any tiling, finds the same ones without storing them.
#pragma once

#include <array>
#include <cstdint>

#include "sim/core/workload.h"

namespace attnsim::replay {

/// Philox4x32-10: four 32-bit words of a 128-bit counter and a 64-bit key. Salmon, Moraes, Dror and
/// Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC'11.
std::array<std::uint32_t, 4> philox4x32(std::array<std::uint32_t, 4> counter,
                                        std::array<std::uint32_t, 2> key);

/// Whether dropout drops element (row, col) of the scores; `row` runs over all canonical planes.
/// Word col mod 4 of Philox4x32-10 at counter (floor(col / 4), 0, row low, row high) under the seed
/// as key (low, high) is below probability * 2^32. REQUIRES: 0 <= probability < 1, row, col >= 0.
bool dropped(const DropoutSpec& spec, std::int64_t row, std::int64_t col);

}  // namespace attnsim::replay
