// A validation written as JSON, read back to be compared with a later one.
#pragma once

#include "sim/config/cursor.h"
#include "sim/core/validation_report.h"

namespace attnsim::config {

/// Reads the numbers and what tells them apart. Keys that are not known are passed over: a file may
/// come from a later version of the same schema.
ValidationReport read_validation(const Cursor& root);

}  // namespace attnsim::config
