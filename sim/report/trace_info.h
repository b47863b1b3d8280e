// What is in a trace file, in every format.
#pragma once

#include <string>

#include "sim/core/trace_info.h"

namespace attnsim::report {

/// {"trace": {...}} with the recorded run as text.
std::string to_json(const TraceInfo& info);

/// One line per tensor.
std::string to_csv(const TraceInfo& info);

/// What was recorded, its tensors and kernels, how much it is; then the run.
std::string to_table(const TraceInfo& info);

}  // namespace attnsim::report
