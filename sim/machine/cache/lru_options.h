// What the LRU models are made with.
#pragma once

#include <cstdint>

namespace attnsim::machine {

/// Write-back and write-allocate.
struct LruOptions {
  std::uint64_t capacity = 1;  // in lines, at least 1
  /// Whether a write miss fetches lines that the write covers.
  bool fetch_covered = false;
};

}  // namespace attnsim::machine
