// The caches outside the cores, in counts: what of the traffic of all cores reaches the memories
// beyond them.
//
// The tasks in flight are interleaved as interleave.h says; regions become runs of lines by the
// layout of machine/layout.h. Initial stores are ordinary writes here.
#pragma once

#include "sim/core/progress.h"
#include "sim/core/result.h"
#include "sim/replay/replay.h"

namespace attnsim::replay {

/// True when a cache between the cores and the home memory names a policy.
bool has_simulated_caches(const MachineSpec& machine);

/// Replays the program through the caches: fills result.caches, and replaces the io rows of the
/// memories outside a simulated cache. REQUIRES: result.io from a Counter over the same run, which
/// has found the trace legal. Throws UserError when a cache cannot be built, or when simulated
/// caches are not next to each other outwards or count in different units.
void simulate_caches(const PlannedRun& planned, Repetition repetition, Result& result,
                     Progress* progress = nullptr);

}  // namespace attnsim::replay
