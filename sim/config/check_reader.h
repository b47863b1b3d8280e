// Check files: a list of runs with what is expected of their results.
#pragma once

#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/resolve.h"
#include "sim/config/schema.h"
#include "sim/core/check_spec.h"

namespace attnsim::config {

/// Reads the root of a check file. What is wrong is recorded, and the result then incomplete.
std::vector<CheckSpec> read_checks(const Cursor& root, const Catalogue& catalogue,
                                   Resolver& resolver);

/// The keys of a check file, of one check, and of one expectation, for the manual.
std::vector<FieldDoc> check_file_fields();
std::vector<FieldDoc> check_fields();
std::vector<FieldDoc> expectation_fields();

}  // namespace attnsim::config
