// Results as flat CSV for spreadsheets and data frames: a header line, then one line per row.
//
// Fields are quoted as RFC 4180 says; lines end in LF. A value that is absent or not finite is an
// empty field. Numbers carry no separators, and counts are exact.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/result.h"
#include "sim/core/run_spec.h"

namespace attnsim::report {

/// One line per io row, the run's shape and its time (empty without one) repeated on each.
std::string to_csv(const Result& result);
std::string to_csv(const VerifyReport& report);
std::string to_csv(const std::vector<BoundRow>& bounds);
std::string to_csv(const CheckReport& report);

/// One line per algorithm.
std::string to_csv(const Catalogue& catalogue);
/// One line per memory of each machine.
std::string to_csv(const std::vector<MachineSpec>& machines);
/// One column, named `kind`.
std::string names_to_csv(std::string_view kind, const std::vector<std::string>& names);

/// The field as it stands in a file: in quotes, doubled inside, when it holds a comma, a quote or a
/// line end.
std::string csv_field(std::string_view text);
/// The shortest text that reads back as the value; empty without one.
std::string csv_real(const std::optional<double>& value);

}  // namespace attnsim::report
