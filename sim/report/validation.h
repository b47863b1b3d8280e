// Predictions against measurements, in every format.
#pragma once

#include <string>

#include "sim/core/validation_report.h"
#include "sim/report/plot.h"

namespace attnsim::report {

/// schema_version, tool, rows, reference_rows, overall, groups, series, unsupported, points, bytes,
/// counters, speedups. Figures of no points are null.
std::string to_json(const ValidationReport& report);

/// One line per point. Bytes, counters and speedups are left out.
std::string to_csv(const ValidationReport& report);

/// Overall, groups, series by source, what is no time, and what was not predicted.
std::string to_table(const ValidationReport& report);

/// Predicted against measured seconds of the reference rows, one series per algorithm, with the
/// lines of equality and of 25 % more and less.
Plot correlation_plot(const ValidationReport& report);

}  // namespace attnsim::report
