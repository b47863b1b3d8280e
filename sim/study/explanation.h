// Why a run takes as long as it does: its time taken apart, and read again on machines that differ
// from its own in one respect each.
#pragma once

#include <string>
#include <vector>

#include "sim/core/explanation.h"
#include "sim/core/progress.h"
#include "sim/core/run_spec.h"

namespace attnsim::study {

/// A machine that differs in one respect, and what that is.
struct Change {
  std::string name;
  MachineSpec machine{};
};

/// matrix, exp and vector rates x2; the bandwidths of the outermost memory, of each cache that
/// cores share and of the scratchpad x2; no launch cost; no stage latency. What the machine does
/// not have is left out.
std::vector<Change> changes_of(const MachineSpec& machine);

/// Reads the time twice as it is, and once for every change, on up to `jobs` threads (0: one per
/// core). `progress` may be null; its steps are these readings. Throws UserError when the run
/// cannot be planned or has no time.
Explanation explain(const RunSpec& run, unsigned jobs = 0, Progress* progress = nullptr);

}  // namespace attnsim::study
