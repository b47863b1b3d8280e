// An address trace replayed through caches, as plain data.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/cache_spec.h"
#include "sim/core/result.h"

namespace attnsim {

struct CacheReport {
  std::string file;
  std::uint64_t accesses = 0;  // of the file
  std::vector<SeededCache> specs{};
  std::vector<CacheRow> caches{};  // one "total" per cache, from the core outwards
  Bytes memory_read{};             // what reaches the memory beyond the last cache
  Bytes memory_write{};            // what is still dirty at the end included
};

}  // namespace attnsim
