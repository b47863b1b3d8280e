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

/// What time needs and the machine does not say, as paths.
std::vector<std::string> missing_for_time(const MachineSpec& machine);

/// Why there can be no estimate of a run with these counts; empty: there can be one.
std::string why_no_time(const PlannedRun& planned, const Result& counts);

/// REQUIRES: missing_for_time() is empty, and a legal trace. `listener` hears of all work; without
/// one, what goes on steadily may be left out (steady_state.h).
TimeReport estimate(const PlannedRun& planned, Progress* progress = nullptr,
                    Listener* listener = nullptr, Repetition repetition = Repetition::skip_copies);

/// Fills result.time, or result.no_time where there can be no estimate.
void add_time(const PlannedRun& planned, Result& result, Progress* progress = nullptr,
              Listener* listener = nullptr, Repetition repetition = Repetition::skip_copies);

}  // namespace attnsim::replay::time
