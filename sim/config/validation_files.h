// The files that a validation reads, beside runs and machines (config.h): measurements, the table
// that says how they are simulated, and the validation of an earlier version. The functions promise
// what those of config.h do: one UserError with all faults of all files.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sim/config/config.h"
#include "sim/core/measurement.h"
#include "sim/core/source_rule.h"
#include "sim/core/validation_report.h"

namespace attnsim::config {

/// Reads measurement files; the rows in the order of the files. Ids are unique over all of them.
std::vector<Measurement> load_measurements(const std::vector<std::string>& files);

/// The same for the text of one. `name` stands for the file in messages.
std::vector<Measurement> load_measurements_text(const std::string& text, const std::string& name);

/// Reads the rules for sources of measurements, in the order in which they are tried. Relative
/// paths are looked up as those of runs are.
std::vector<SourceRule> load_source_rules(const std::string& file, const Catalogue& catalogue,
                                          const SearchPath& search);
std::vector<SourceRule> load_source_rules_text(const std::string& text, const std::string& name,
                                               const Catalogue& catalogue);

/// Reads ids of measurements: one a line, what follows a # left out.
std::set<std::string> load_ids(const std::string& file, const SearchPath& search);

/// Reads a validation that was written as JSON.
ValidationReport load_validation(const std::string& file);

}  // namespace attnsim::config
