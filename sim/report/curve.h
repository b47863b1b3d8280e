// A capacity curve, in every format.
#pragma once

#include <string>

#include "sim/core/curve.h"
#include "sim/report/plot.h"

namespace attnsim::report {

/// schema_version, tool, subject, line_bytes, accesses, lines, points. Of an infeasible point the
/// bytes are null, and `infeasible` says so.
std::string to_json(const Curve& curve);

/// One line per point.
std::string to_csv(const Curve& curve);

/// One section per policy. Of many steps about two dozen are shown, and how many are not.
std::string to_table(const Curve& curve);

/// Bytes read and written against capacity: lru as steps, opt as marks, the rest as marked lines.
/// More series may be added to it.
Plot curve_plot(const Curve& curve);

}  // namespace attnsim::report
