// Measurement files: a header line that names the columns, in any order, and a row a measurement.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sim/config/faults.h"
#include "sim/config/node.h"
#include "sim/config/schema.h"
#include "sim/core/measurement.h"

namespace attnsim::config {

/// Where each id was first used, over all files of a call.
using MeasurementIds = std::map<std::string, Position>;

/// Reads the contents of a file. Rows with faults are left out; the reasons are in `faults`.
std::vector<Measurement> read_measurements(std::string_view text, const std::string& file,
                                           MeasurementIds& ids, Faults& faults);

/// The columns, for the manual.
std::vector<FieldDoc> measurement_fields();

}  // namespace attnsim::config
