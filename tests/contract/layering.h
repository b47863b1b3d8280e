// The arrows between the folders of the project, and what else holds for every source file.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace attnsim::contract {

/// What is wrong with one .h or .cc file below sim/, algorithms/ or analysis/, as `path:line: ...`:
/// an include against the arrows, a third-party header outside the folder it belongs to, a missing
/// #pragma once, `using namespace std`, a note of unfinished work, too many lines.
std::vector<std::string> source_faults(std::string_view path, std::string_view text);

/// Faults of a file that must stand alone: of the project it may include its own folder only.
std::vector<std::string> independence_faults(std::string_view path, std::string_view text);

}  // namespace attnsim::contract
