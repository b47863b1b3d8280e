// One expectation of a check against one result.
#pragma once

#include <string>
#include <vector>

#include "sim/core/check_spec.h"
#include "sim/core/error.h"
#include "sim/core/result.h"

namespace attnsim::study {

/// The verdict on one expectation. Counts are compared as integers, exactly.
///
/// max_ratio holds io.<memory>.<tensor>.words (or .bytes) against `of`:
///   closed_form  the closed form's row of that tensor, at the boundary it is stated for
///   bounds.<id>  the bound at that memory; the tensor must be `total`
///
/// Throws a UserError of one diagnostic, at the expectation's position, when the result has no such
/// metric or reference, and when the reference cannot gate: a bound without constants, or one that
/// does not apply to the run.
CheckRow evaluate_expectation(const std::string& check, const Expectation& expectation,
                              const Result& result);

/// All rows of a check. When a memory holds less than the run puts into it, and the check does not
/// allow that, the first row is a failed one named "fits". Faults of the user go to `faults`, and
/// their expectations have no row.
std::vector<CheckRow> evaluate_check(const CheckSpec& check, const Result& result,
                                     std::vector<Diagnostic>& faults);

}  // namespace attnsim::study
