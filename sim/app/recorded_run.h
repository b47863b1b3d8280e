// The run that a trace file holds.
#pragma once

#include <string>

#include "sim/core/run_spec.h"

namespace attnsim::app {

struct RecordedRun {
  RunSpec replay;    // the algorithm is `replay` of the file
  RunSpec recorded;  // as it was; the same as `replay` when its algorithm is not known here
};

/// True for a name that ends like a trace file's.
bool is_trace_file(const std::string& file);

/// Reads the run in the header of a trace file. Throws UserError.
RecordedRun recorded_run(const std::string& file);

}  // namespace attnsim::app
