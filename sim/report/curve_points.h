// Points of curves in JSON and CSV, as text. Private to this folder.
#pragma once

#include <string>
#include <vector>

#include "sim/core/curve.h"

namespace attnsim::report {

/// {"policy", "capacity_bytes", "read_bytes", "write_bytes"} of every point, one a line: as a tree
/// of values millions of steps would take gigabytes. With `word_bytes`, m_words and words, too.
std::string points_json(const std::vector<CurveSeries>& series, std::uint64_t word_bytes = 0);

/// `document` without its closing brace, then `"key": value` and the brace.
std::string with_text(std::string document, std::string_view key, const std::string& value);

}  // namespace attnsim::report
