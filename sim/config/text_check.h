// Is this text at all? Checks on raw bytes, before any parser sees them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace attnsim::config {

struct TextFault {
  int line = 1;
  int column = 1;
  std::string message;
};

/// The first byte that has no place in a configuration file: not UTF-8, or a control character
/// other than tab and line ends.
std::optional<TextFault> check_text(std::string_view text);

/// Line `number` (from 1) without its end; empty when there is none.
std::string_view line_of(std::string_view text, int number);

/// The column (from 1) of the first tab in the blanks that begin a line, or 0.
std::size_t indenting_tab(std::string_view line);

}  // namespace attnsim::config
