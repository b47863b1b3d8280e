// The same workload over machines and algorithms.
#pragma once

#include <string>
#include <vector>

#include "sim/core/comparison.h"
#include "sim/core/progress.h"
#include "sim/core/run_spec.h"

namespace attnsim::study {

/// A run, and what its row is called.
struct ComparedRun {
  std::string workload, hardware, algorithm;
  RunSpec run{};
};

/// Every run, from up to `jobs` threads (0: one per core), in the order given. A run that cannot be
/// planned on its machine has the reason in its row. Runs that do not fit are never the best.
/// `progress` may be null.
ComparisonReport compare(const std::vector<ComparedRun>& runs, bool time, unsigned jobs,
                         Progress* progress = nullptr);

}  // namespace attnsim::study
