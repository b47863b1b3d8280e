// attnsim curve --scratchpad: no cache, but a memory that each algorithm manages itself.
#pragma once

#include <string_view>
#include <vector>

#include "sim/app/options.h"
#include "sim/core/regimes.h"
#include "sim/core/run_spec.h"

namespace attnsim::app {

/// --scratchpad and what goes with it.
std::vector<Option> regime_options();

/// What these mean, for help.
extern const std::string_view kRegimeDetails;

/// True where --scratchpad is given. Throws UserError where options or operands do not go with it,
/// or need it and it is missing.
bool asks_for_regimes(const Arguments& arguments);

/// Of the run's workload; `algorithms` are those to compare.
Regimes selected_regimes(const RunSpec& run, const std::vector<AlgorithmChoice>& algorithms,
                         const Arguments& arguments);

}  // namespace attnsim::app
