// What the command line changes about a run.
#pragma once

#include "sim/config/config.h"
#include "sim/config/faults.h"
#include "sim/config/node.h"

namespace attnsim::config {

/// The run with the overrides applied; it must be in long form, and the result is. Faults of the
/// arguments themselves (no `=`, an empty path) are recorded; whether a path exists shows when
/// the run is read.
Node apply_overrides(Node run, const Overrides& overrides, Faults& faults);

}  // namespace attnsim::config
