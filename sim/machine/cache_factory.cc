#include "sim/machine/cache_factory.h"

#include <memory>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/machine/cache/opt_cache.h"
#include "sim/machine/cache/segment_lru.h"

namespace attnsim::machine {
namespace {

void refuse_faults(const CacheSpec& cache) {
  std::vector<Diagnostic> diagnostics;
  for (const CacheFault& fault : faults_of(cache)) {
    diagnostics.push_back(
        {.file = {}, .path = "cache '" + cache.name + "': " + fault.key, .message = fault.message});
  }
  if (!diagnostics.empty()) throw UserError(std::move(diagnostics));
}

IndexKind index_of(const CacheRules& rules) {
  if (rules.index == CacheIndex::hash) return IndexKind::hashed;
  return rules.slices > 1 ? IndexKind::sliced : IndexKind::modulo;
}

SetCacheConfig set_cache_config(const CacheSpec& cache, std::uint64_t seed) {
  const CacheRules& rules = cache.rules;
  return {.sets = static_cast<std::uint32_t>(cache.sets()),
          .ways = static_cast<std::uint32_t>(cache.ways.value_or(cache.lines())),
          .sectors = static_cast<std::uint32_t>(cache.line / cache.unit()),
          .policy = rules.policy,
          .seed = seed,
          .index = index_of(rules),
          .slices = static_cast<std::uint32_t>(rules.slices),
          .write_through = rules.write_through,
          .write_allocate = rules.write_allocate,
          .fetch_covered_writes = rules.fetch_covered,
          .classes = rules.classify ? MissClasses::three : MissClasses::cold};
}

/// What SegmentLru is: fully associative, and nothing unusual. It has no conflict misses to tell.
bool is_segment_lru(const CacheSpec& cache) {
  const CacheRules& rules = cache.rules;
  return rules.policy == "lru" && cache.sets() == 1 && !cache.sectored() && !rules.write_through &&
         rules.write_allocate;
}

}  // namespace

CacheTree::Node add_cache(CacheTree& tree, CacheTree::Node parent, const CacheSpec& cache,
                          std::uint64_t seed) {
  refuse_faults(cache);
  const SetCacheConfig config = set_cache_config(cache, seed);
  if (cache.rules.policy == "opt") {
    return tree.add_cache(cache.name, parent, [&](Downstream& below) {
      return std::make_unique<OptCache>(
          OptConfig{.sets = config.sets,
                    .ways = config.ways,
                    .index = config.index,
                    .slices = config.slices,
                    .fetch_covered_writes = config.fetch_covered_writes},
          below);
    });
  }
  const bool tied = cache.rules.inclusion != Inclusion::neither || tree.tied(parent);
  if (is_segment_lru(cache) && !tied) {
    return tree.add_cache(cache.name, parent, [&](Downstream& below) {
      return std::make_unique<SegmentLru>(
          LruOptions{.capacity = config.ways, .fetch_covered = config.fetch_covered_writes},
          &below);
    });
  }
  return tree.add_cache(cache.name, parent, config, cache.rules.inclusion);
}

}  // namespace attnsim::machine
