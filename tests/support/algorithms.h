// The registered algorithms, for tests of all of them.
#pragma once

#include <string>
#include <vector>

#include "sim/trace/algorithm.h"

namespace attnsim::test {

/// All that can be tried by themselves: not those that are read from a file.
inline std::vector<std::string> all_algorithms() {
  std::vector<std::string> ids;
  for (const AlgorithmInfo& info : algorithm_catalogue().algorithms) {
    if (!info.from_file) ids.push_back(info.id);
  }
  return ids;
}

}  // namespace attnsim::test
