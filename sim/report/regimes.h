// Regimes of the fast memory's size, in every format.
#pragma once

#include <string>

#include "sim/core/regimes.h"
#include "sim/report/plot.h"

namespace attnsim::report {

/// schema_version, tool, workload, least (at each size, beside its bound), leads, crossovers,
/// largest_ratio, bounds, and the points of a curve with their words.
std::string to_json(const Regimes& regimes);

/// A line per point, and per bound and size: those have no reads and writes of their own.
std::string to_csv(const Regimes& regimes);

/// Words at the powers of two, in three digits; leads; crossovers; the largest ratio.
std::string to_table(const Regimes& regimes);

/// Words against M: the series, the largest bound and the bounds; marks at leads and crossovers.
Plot regimes_plot(const Regimes& regimes);

}  // namespace attnsim::report
