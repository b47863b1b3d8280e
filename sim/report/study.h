// The answers of a study: a line of CSV, a line of JSON and, for people, a table.
//
// Columns of the CSV: point, one per path of the axes, status (ok, or none where there is no
// result), fits, tiles, memory (the boundary outside the cores), bytes and words across it, home
// (the outermost memory), home_bytes, seconds, tflops, limiter, joules, message.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/study.h"

namespace attnsim::report {

/// The header, with its line end.
std::string study_csv_header(const std::vector<StudyAxis>& axes);
std::string to_csv_line(const StudyRow& row);

/// The document of a result (json.h), with the point's number and values before its other keys.
std::string to_json_line(const std::vector<StudyAxis>& axes, const StudyRow& row,
                         const std::string& document);

/// What one call of a sweep did.
struct StudyOverview {
  std::vector<StudyAxis> axes{};
  std::vector<StudyRow> rows{};  // the first ones
  std::uint64_t points = 0;      // all
  std::uint64_t without = 0;     // that have no result
  std::uint64_t computed = 0;    // by this call
  std::uint64_t kept = 0;        // that were in the store
  std::string folder{};
};

std::string to_table(const StudyOverview& overview);

}  // namespace attnsim::report
