// Arguments of the command line that hold lists: `a=1,b={c: 2, d: 3}`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/config/node.h"

namespace attnsim::config {

/// The position of everything that an argument says: the argument, shortened.
Position origin(const std::string& option, std::string_view argument);

/// Splits at commas outside of brackets and quotes: `window={left: 1, right: 2},heads=4` has two.
std::vector<std::string_view> split_list(std::string_view text);

/// Without the blanks around it.
std::string_view trimmed(std::string_view text);

}  // namespace attnsim::config
