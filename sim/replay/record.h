// Recording a run: its trace goes to a file instead of to a reading.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>

#include "sim/replay/replay.h"
#include "sim/trace/file/trace_header.h"

namespace attnsim::replay {

/// What a trace file says before the operations. `run` is the run as canonical YAML, `tool` the
/// version of attnsim.
trace_file::TraceHeader trace_header(const PlannedRun& planned, const std::string& run,
                                     const std::string& tool);

/// How much was recorded.
struct Recorded {
  std::uint64_t ops = 0;
  std::uint64_t bytes = 0;
};

/// Emits the whole trace into `out`. Memory is one block of the file. Failures of the stream are
/// left to its owner to look for.
Recorded record(const PlannedRun& planned, const trace_file::TraceHeader& header,
                std::ostream& out);

}  // namespace attnsim::replay
