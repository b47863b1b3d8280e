// The simulated caches of a machine, in counts: what of the traffic of all cores reaches the
// memories beyond them.
//
// The tasks in flight are interleaved as interleave.h says; the task at place p runs on core
// p mod cores and passes that core's caches. Regions become bytes by TensorLayout. Initial stores
// are ordinary writes here.
#pragma once

#include <string>
#include <vector>

#include "sim/core/progress.h"
#include "sim/core/result.h"
#include "sim/machine/cache/cache.h"
#include "sim/replay/counts.h"
#include "sim/replay/replay.h"

namespace attnsim::replay {

/// The counts of a model as a row of a result.
CacheRow cache_row(const std::string& cache, std::string tensor,
                   const machine::CacheCounts& counts);

/// Replays the program through the caches: fills result.caches, and replaces the io rows of the
/// memories outside a simulated cache. Copies are left out as cache_recurrence.h says. REQUIRES: a
/// machine with simulated caches, result.io and `flows` from a Counter over the same run, which has
/// found the trace legal. Throws UserError when a cache cannot be simulated, or when tiles of one
/// tensor reach different caches.
void simulate_caches(const PlannedRun& planned, const std::vector<TensorFlow>& flows,
                     Repetition repetition, Result& result, Progress* progress = nullptr);

}  // namespace attnsim::replay
