// What a person sees on the terminal: aligned plain text of about 100 columns, understandable at a
// glance. Scripts read the JSON or the CSV; nothing here is meant to be parsed.
//
// Amounts are binary units of bytes, or exact words on a machine where every element is one word.
// What needs attention is in capitals: OVER, DIFFERS, FAIL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/core/result.h"
#include "sim/core/run_spec.h"

namespace attnsim::report {

/// A run: what ran, traffic per memory and tensor, closed form, footprint, bounds, work, time (or
/// why there is none) and energy. A memory
/// whose rows all equal those of the memory before it is shown by its total alone; bounds that do
/// not apply are left out.
std::string to_table(const Result& result);

/// Per algorithm and pass: cases, failures, worst error; then every failure with its message.
std::string to_table(const VerifyReport& report);

/// Every bound with its class and value, then formulas and sources.
std::string to_table(const std::vector<BoundRow>& bounds);

/// One PASS or FAIL line per expectation, the message under the failing ones.
std::string to_table(const CheckReport& report);

/// One line per algorithm: id, passes, tiles, summary.
std::string to_table(const Catalogue& catalogue);

/// One line per machine: id, name, cores, memories from inner to outer.
std::string to_table(const std::vector<MachineSpec>& machines);

/// Everything an algorithm takes: passes, tiles and parameters with their defaults.
std::string algorithm_help(const AlgorithmInfo& info);

/// The workload in one line: batch 64, heads 16 (KV 2), seqlen 1024 x 1024, head_dim 64, ...
std::string workload_text(const Workload& workload);

}  // namespace attnsim::report
