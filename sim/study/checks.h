// I/O budgets as code: every check's run is replayed once and held against what is expected of it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "sim/core/check_spec.h"
#include "sim/core/progress.h"
#include "sim/core/result.h"

namespace attnsim::study {

/// Replays every check once, in order, and evaluates its expectations; the rows in the order of the
/// checks. The time of a run is read where a metric of its check asks for it. `progress` may be
/// null.
///
/// Throws one UserError with the faults of all checks: a run that cannot be planned, and metrics
/// and references that its result does not have. A violated expectation is no error: see
/// CheckReport.
CheckReport run_checks(const std::vector<CheckSpec>& checks, Progress* progress = nullptr);

}  // namespace attnsim::study
