// What a machine's memories and the caches of the command line share.
#pragma once

#include <string>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/core/cache_spec.h"

namespace attnsim::config {

/// Every replacement policy.
const std::vector<std::string>& cache_policies();

/// back or through.
void read_write(const Cursor& value, CacheRules& out);

/// modulo or hash.
void read_index(const Cursor& value, CacheRules& out);

/// neither, inclusive or exclusive.
void read_inclusion(const Cursor& value, CacheRules& out);

}  // namespace attnsim::config
