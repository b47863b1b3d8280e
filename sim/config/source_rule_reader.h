// The table that says how the rows of each source of measurements are simulated.
#pragma once

#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/schema.h"
#include "sim/core/source_rule.h"

namespace attnsim::config {

/// Reads the root of the table; the rules in the order of the file, which is the order in which
/// they are tried. An algorithm that the catalogue does not have is no fault: rows can name what
/// cannot be simulated yet.
std::vector<SourceRule> read_source_rules(const Cursor& root, const Catalogue& catalogue);

/// The keys of a rule, for the manual.
std::vector<FieldDoc> source_rule_fields();

}  // namespace attnsim::config
