// An illegal trace: the algorithm that emitted it (or the file it came from) is wrong.
#pragma once

#include <stdexcept>
#include <string>

namespace attnsim {

/// what() names the task, the operation and the tile: the emitter and the replay fill in what they
/// know, and the replay adds the task on the way out.
class TraceError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace attnsim
