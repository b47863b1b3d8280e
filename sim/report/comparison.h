// Runs side by side: a table per workload, a line of CSV or an object of JSON per run.
//
// Columns of the CSV: workload, hardware, algorithm, status (ok, over where the footprint does,
// none where there is no result), tiles, memory (the boundary outside the cores), bytes, home (the
// outermost memory), home_bytes, seconds, tflops, limiter, joules, over_best, message.
#pragma once

#include <string>

#include "sim/core/comparison.h"

namespace attnsim::report {

std::string to_table(const ComparisonReport& report);
std::string to_json(const ComparisonReport& report);
std::string to_csv(const ComparisonReport& report);

}  // namespace attnsim::report
