// Why a run takes as long as it does, in every format.
#pragma once

#include <string>

#include "sim/core/explanation.h"

namespace attnsim::report {

/// schema_version, tool, run (algorithm, hardware, workload, params), time (as in a result), spent,
/// tensor (null where no memory limits), kernels, what_if, estimated_inputs. Of a change,
/// `saved` is the share of the run's seconds.
std::string to_json(const Explanation& explanation);

/// One line per change: change, seconds, saved, limiter. The first is the run as it is.
std::string to_csv(const Explanation& explanation);

/// What limits the run, what its cores do meanwhile, each kernel's waves and tail, and what one
/// change would save.
std::string to_table(const Explanation& explanation);

}  // namespace attnsim::report
