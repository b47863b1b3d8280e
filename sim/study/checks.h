// I/O budgets as code: every check's run is replayed once and held against what is expected of it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "sim/core/check_spec.h"
#include "sim/core/result.h"

namespace attnsim::study {

/// Told how far a study is.
class Progress {
 public:
  Progress() = default;
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  virtual ~Progress() = default;

  /// `done` of `total` are finished and `name` is about to start; at the end done == total and the
  /// name is empty.
  virtual void step(std::size_t done, std::size_t total, std::string_view name) = 0;
};

/// Replays every check once, in order, and evaluates its expectations; the rows in the order of the
/// checks. `progress` may be null.
///
/// Throws one UserError with the faults of all checks: a run that cannot be planned, and metrics
/// and references that its result does not have. A violated expectation is no error: see
/// CheckReport.
CheckReport run_checks(const std::vector<CheckSpec>& checks, Progress* progress = nullptr);

}  // namespace attnsim::study
