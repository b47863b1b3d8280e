// Cache models from descriptions: the one way from what a user writes, in a preset or on the
// command line, to a simulation.
#pragma once

#include <cstdint>

#include "sim/core/cache_spec.h"
#include "sim/machine/cache/cache_tree.h"

namespace attnsim::machine {

/// Adds the cache to a tree whose units are cache.unit() bytes, inside `parent`. Throws UserError,
/// `cache 'NAME': KEY: what is wrong`, when it cannot be simulated; rules between caches are the
/// caller's to check (nesting_faults).
CacheTree::Node add_cache(CacheTree& tree, CacheTree::Node parent, const CacheSpec& cache,
                          std::uint64_t seed);

}  // namespace attnsim::machine
