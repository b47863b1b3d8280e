// The command line as one line of text that a shell reads back as the same words.
#pragma once

#include <string>
#include <vector>

namespace attnsim::app {

/// "attnsim run --set 'a=80 MiB'": the program by its name, every other word quoted where needed.
std::string command_text(const std::vector<std::string>& words);

}  // namespace attnsim::app
