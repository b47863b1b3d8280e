// The time reading: how long a planned run takes on its machine, and what limits it.
//
// Every tile operation of every task of every kernel is an event on the units of the core that the
// task is placed on, and every load and store one on the memories that the cores share. Overlap,
// waves, tails and cache reuse come out of the trace and the schedule (docs/time.md).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/core/progress.h"
#include "sim/core/result.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/core.h"

namespace attnsim::replay::time {

/// Why there is no estimate: what the machine does not say, as paths. Empty: there is one.
std::vector<std::string> missing_for_time(const MachineSpec& machine);

/// REQUIRES: missing_for_time() is empty, and a legal trace. `listener` hears of all work; without
/// one, what goes on steadily may be left out (steady_state.h).
TimeReport estimate(const PlannedRun& planned, Progress* progress = nullptr,
                    Listener* listener = nullptr, Repetition repetition = Repetition::skip_copies);

/// Fills result.time, or result.no_time where there can be no estimate: the machine does not say
/// enough, or the run does not fit.
void add_time(const PlannedRun& planned, Result& result, Progress* progress = nullptr,
              Listener* listener = nullptr, Repetition repetition = Repetition::skip_copies);

}  // namespace attnsim::replay::time
