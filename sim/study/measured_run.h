// A measurement -> the run that predicts it, or the reason why there is none.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/measurement.h"
#include "sim/core/run_spec.h"
#include "sim/core/source_rule.h"

namespace attnsim::study {

/// What can be simulated, and how.
struct Simulatable {
  const std::vector<SourceRule>& rules;
  const Catalogue& catalogue;
  const std::map<std::string, MachineSpec>& machines;  // by preset id
  std::optional<std::int64_t> longest{};               // query rows of a sequence
};

struct MeasuredRun {
  std::optional<RunSpec> run{};
  std::string reason{};      // why there is no run; rows with equal texts are counted together
  double host_overhead = 0;  // seconds to add to the run's
  bool conditions_stated = false;
};

/// The run of a row. A row that no rule matches is its own algorithm with defaults.
MeasuredRun measured_run(const Measurement& row, const Simulatable& what);

/// The run that a speedup is over. REQUIRES: row.metric is speedup.
MeasuredRun baseline_run(const Measurement& row, const Simulatable& what);

}  // namespace attnsim::study
