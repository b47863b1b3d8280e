// attnsim trace convert: what a file's ending says it is, turned into what another's says.
#pragma once

#include <cstdint>
#include <string>

namespace attnsim::app {

/// Reads `from`, writes `to`; `line` is the size of a line where accesses are cut into lines.
/// Throws UserError, also where there is no way from one to the other.
void convert_trace(const std::string& from, const std::string& to, std::uint64_t line);

/// The endings and what they are, for help.
std::string conversions_help();

}  // namespace attnsim::app
