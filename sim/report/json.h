// Results as JSON, indented by two, ended by a newline. Keys stand in a fixed order and equal
// inputs give equal text. schema_version rises when a key changes its meaning or goes; keys may be
// added without.
//
// Counts are exact 64-bit integers. What is known to be absent is null; what was not computed (a
// section of a reading that did not run) is left out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/core/result.h"
#include "sim/core/run_spec.h"

namespace attnsim::report {

/// The version of attnsim, as in the `tool` section: 1.2.3.
std::string_view tool_version();

/// schema_version, tool, run, io, closed_form, footprint, bounds, work, time, provenance; caches,
/// energy and density where there are some. Where time was asked for and there is none it is null,
/// and no_time says why.
/// closed_form has one entry per memory, its "total" row, with the other rows under `tensors`.
std::string to_json(const Result& result);

/// The same in one line, without a line end.
std::string to_json_line(const Result& result);
/// Of a run that has no result: schema_version, tool, run, no_result (why), provenance.
std::string to_json_line(const Result& without, const std::string& no_result);

/// passed, failed, skipped, cases.
std::string to_json(const VerifyReport& report);

/// {"bounds": [...]}, each as in a result; ratio is null where there is no run to compare.
std::string to_json(const std::vector<BoundRow>& bounds);

/// passed, failed, checks.
std::string to_json(const CheckReport& report);

/// {"algorithms": [...]} with everything an algorithm declares.
std::string to_json(const Catalogue& catalogue);

/// {"hardware": [...]}, each as in a result.
std::string to_json(const std::vector<MachineSpec>& machines);

/// {kind: [names]}, for lists that have no more to say: policies, masks, ops.
std::string names_to_json(std::string_view kind, const std::vector<std::string>& names);

}  // namespace attnsim::report
