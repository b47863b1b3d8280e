// Ctrl-C while long work goes on: what is done is kept before the program ends.
#pragma once

#include <atomic>

namespace attnsim::app {

/// While it lives, SIGINT and SIGTERM set a flag instead of ending the program; a second one ends
/// it. One at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch();

  const std::atomic<bool>& interrupted() const;
  /// Ends the program as the signal would have. REQUIRES: interrupted.
  [[noreturn]] void end_as_interrupted() const;
};

}  // namespace attnsim::app
