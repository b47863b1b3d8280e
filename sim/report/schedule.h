// The best loop nests of a workload, in every format.
#pragma once

#include <string>

#include "sim/core/schedule_report.h"

namespace attnsim::report {

/// schema_version, tool, workload, points; a point has m_words, words, footprint_words, nests,
/// algorithm (name, tiles, params), bound and published (null where none fits).
std::string to_json(const ScheduleReport& report);

/// One line per size of the fast memory.
std::string to_csv(const ScheduleReport& report);

/// The same aligned; below it how to run the nest, where there is only one size.
std::string to_table(const ScheduleReport& report);

}  // namespace attnsim::report
