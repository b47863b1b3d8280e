// What a run's traffic costs in energy, from its counts and the energies per byte of the machine.
#pragma once

#include <vector>

#include "sim/core/result.h"

namespace attnsim::replay {

/// One row per memory with an energy per byte, inner to outer, then "total"; none where the machine
/// states no energy.
///
/// An energy is that of the path from the core to the memory, and contains that of every memory it
/// passes. So a byte is charged once, at the outermost memory it reaches: a cache for what it
/// serves itself (its traffic less that of the memory behind it), the outermost memory for all of
/// its own. Tiles read out of a scratchpad are traffic that ends there.
///
/// REQUIRES: result.run and result.io are filled.
std::vector<EnergyRow> energy_rows(const Result& result);

}  // namespace attnsim::replay
