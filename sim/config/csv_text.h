// Comma-separated text -> rows of fields that know where they were written.
//
// RFC 4180: fields in "..." may hold commas, line ends and, doubled, quotes; lines end in CRLF or
// LF, the last one need not. Lines without any text are left out, and so is a byte order mark.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/config/faults.h"
#include "sim/config/node.h"

namespace attnsim::config {

struct CsvField {
  std::string text{};  // without the quotes
  Position at{};       // of its first byte, or its opening quote
};

using CsvRow = std::vector<CsvField>;  // at least one field

/// Every row, with what can be made of fields that are wrong; the reasons are in `faults`. `file`
/// stands for the text in messages.
std::vector<CsvRow> parse_csv(std::string_view text, const std::string& file, Faults& faults);

}  // namespace attnsim::config
