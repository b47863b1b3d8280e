// Opening files that a user names.
#pragma once

#include <fstream>
#include <string>

namespace attnsim::trace_file {

/// Throws UserError when there is no such file, or it cannot be read.
std::ifstream open_input(const std::string& path);

}  // namespace attnsim::trace_file
