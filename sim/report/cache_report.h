// An address trace replayed through caches, in every format.
#pragma once

#include <string>

#include "sim/core/cache_report.h"

namespace attnsim::report {

/// schema_version, tool, trace, caches (each as in a result), memory.
std::string to_json(const CacheReport& report);

/// One line per cache.
std::string to_csv(const CacheReport& report);

/// The caches from the core outwards, their counts below each other, then what reaches memory.
std::string to_table(const CacheReport& report);

}  // namespace attnsim::report
