// Predictions against published measurements.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/core/measurement.h"
#include "sim/core/progress.h"
#include "sim/core/run_spec.h"
#include "sim/core/source_rule.h"
#include "sim/core/validation_report.h"

namespace attnsim::study {

/// What a model says about a run. What it does not know is absent.
struct Prediction {
  std::optional<double> seconds{};
  std::optional<double> dram_bytes{};          // read and written
  std::optional<double> matrix_utilisation{};  // of the run's time, 0 to 1
  std::string reason{};                        // why there are no seconds
};

/// Called from several threads at once. A UserError it throws is the reason why there is no
/// prediction.
using Predictor = std::function<Prediction(const RunSpec&)>;

struct ValidationRequest {
  std::vector<Measurement> measurements{};
  std::vector<SourceRule> rules{};
  Catalogue catalogue{};
  std::map<std::string, MachineSpec> machines{};  // by preset id
  std::set<std::string> fitted{};                 // ids of rows that the model was fitted to
  unsigned jobs = 0;                              // threads; 0: one per core
  std::optional<std::int64_t> longest{};          // query rows of a sequence to be simulated
};

/// Every row is predicted, or counted under the reason why not. The report does not depend on the
/// number of threads. `progress` may be null.
ValidationReport validate(const ValidationRequest& request, const Predictor& predict,
                          Progress* progress = nullptr);

/// The rest of a report whose rows, reference, points and unsupported rows are filled in.
void summarise(ValidationReport& report);

}  // namespace attnsim::study
