// SetCache against the obvious cache: on random accesses and shapes, the same counts by tag and the
// same fetches and write-backs in the same order.
//
// RC_PARAMS of the environment replaces the seed and the number of cases.
#include <cstdlib>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/support/random_line_accesses.h"
#include "tests/support/reference_cache_line.h"

namespace attnsim::test {
namespace {

using machine::CacheCounts;
using machine::IndexKind;
using machine::LineAccess;
using machine::MissClasses;
using machine::SetCache;
using machine::SetCacheConfig;

[[maybe_unused]] const bool many_cases = [] {
  setenv("RC_PARAMS", "seed=20240607 max_success=5000", 0);
  return true;
}();

template <typename T>
T any_of(std::initializer_list<T> values, const char* what) {
  return *rc::gen::elementOf(std::vector<T>(values)).as(what);
}

SetCacheConfig any_shape() {
  SetCacheConfig c;
  c.sets = any_of<std::uint32_t>({1, 2, 3, 4, 5, 7, 8, 12, 16, 64, 130}, "sets");
  c.ways = any_of<std::uint32_t>({1, 2, 3, 4, 8, 24, 33, 65}, "ways");
  c.sectors = any_of<std::uint32_t>({1, 1, 2, 3, 4, 8}, "sectors");
  c.index =
      any_of({IndexKind::modulo, IndexKind::modulo, IndexKind::hashed, IndexKind::sliced}, "index");
  c.slices = c.sets % 2 == 0 ? 2 : 1;
  c.write_through = *rc::gen::arbitrary<bool>().as("write_through");
  c.write_allocate = *rc::gen::element(true, true, false).as("write_allocate");
  c.fetch_covered_writes = *rc::gen::arbitrary<bool>().as("fetch_covered_writes");
  return c;
}

/// The part of the counts that the reference tells.
CacheCounts without_classes(CacheCounts counts) {
  counts.cold = counts.capacity = counts.conflict = 0;
  return counts;
}

void play(ReferenceLineCache& reference, const std::vector<LineAccess>& accesses) {
  for (const LineAccess& a : accesses) {
    for (std::uint64_t i = 0; i < a.lines.count; ++i) {
      reference.access({a.lines.first + i, a.write, a.covers_lines, a.tag});
    }
  }
  reference.finish();
}

template <typename Cache>
void play(Cache& cache, const std::vector<LineAccess>& accesses) {
  for (const LineAccess& a : accesses) cache.access(a);
  cache.finish();
}

void expect_like_reference(const SetCacheConfig& config, const std::vector<LineAccess>& accesses) {
  ReferenceLineCache reference{config};
  play(reference, accesses);
  for (const bool ordered : {true, false}) {
    DownstreamLog below(ordered);
    SetCache cache(config, below);
    play(cache, accesses);
    for (std::uint16_t tag = 0; tag < kArrays; ++tag) {
      RC_ASSERT(without_classes(cache.counts(tag)) == reference.counts[tag]);
    }
    if (!ordered) {
      std::ranges::sort(below.events);
      std::ranges::sort(reference.below.events);
    }
    RC_ASSERT(below.events == reference.below.events);
  }
}

RC_GTEST_PROP(SetCache, LruIsTheReference, ()) {
  expect_like_reference(any_shape(), *random_accesses(64));
}

RC_GTEST_PROP(SetCache, FifoIsTheReference, ()) {
  SetCacheConfig config = any_shape();
  config.policy = "fifo";
  expect_like_reference(config, *random_accesses(64));
}

RC_GTEST_PROP(SetCache, ShortAccessesToo, ()) {
  SetCacheConfig config = any_shape();
  config.policy = any_of<std::string>({"lru", "fifo"}, "policy");
  expect_like_reference(config, *random_accesses(4));
}

/// Listens and does nothing: turns the simulation of equal sets off.
class Deaf final : public machine::EvictionListener {
 public:
  bool evicted(machine::LeavingLine&) override { return false; }
};

RC_GTEST_PROP(SetCache, EqualSetsMayBeSimulatedOnce, ()) {
  SetCacheConfig config = any_shape();
  config.policy = any_of<std::string>({"lru", "fifo", "srrip", "tree_plru", "random"}, "policy");
  const std::vector<LineAccess> accesses = *random_accesses(64);
  DownstreamLog below_runs, below_units;
  SetCache runs(config, below_runs);
  play(runs, accesses);
  Deaf deaf;
  SetCache units(config, below_units, &deaf);
  for (LineAccess a : accesses) {
    const std::uint64_t count = std::exchange(a.lines.count, 1);
    for (std::uint64_t i = 0; i < count; ++i, ++a.lines.first) units.access(a);
  }
  units.finish();
  for (std::uint16_t tag = 0; tag < kArrays; ++tag) {
    RC_ASSERT(runs.counts(tag) == units.counts(tag));
  }
  RC_ASSERT(below_runs.events == below_units.events);
}

RC_GTEST_PROP(SetCache, MissesAreClassifiedByAFullyAssociativeLru, ()) {
  SetCacheConfig config = any_shape();
  config.policy = any_of<std::string>({"lru", "fifo", "srrip"}, "policy");
  config.classes = MissClasses::three;
  DownstreamLog below;
  SetCache cache(config, below);
  SetCacheConfig full = config;
  full.policy = "lru";
  full.ways *= full.sets;
  full.sets = full.slices = 1;
  ReferenceLineCache reference{full};
  std::map<std::uint16_t, CacheCounts> expected;
  std::set<std::uint64_t> seen;
  for (LineAccess a : *random_accesses(16)) {
    const std::uint64_t count = std::exchange(a.lines.count, 1);
    for (std::uint64_t i = 0; i < count; ++i, ++a.lines.first) {
      const std::uint64_t misses = cache.counts(a.tag).misses;
      const std::uint64_t hits = reference.counts[a.tag].hits;
      cache.access(a);
      reference.access({a.lines.first, a.write, a.covers_lines, a.tag});
      const bool cold = seen.insert(a.lines.first).second;
      if (cache.counts(a.tag).misses == misses) continue;
      const bool spared = reference.counts[a.tag].hits > hits;
      ++(cold     ? expected[a.tag].cold
         : spared ? expected[a.tag].conflict
                  : expected[a.tag].capacity);
    }
  }
  for (std::uint16_t tag = 0; tag < kArrays; ++tag) {
    RC_ASSERT(cache.counts(tag).cold == expected[tag].cold);
    RC_ASSERT(cache.counts(tag).capacity == expected[tag].capacity);
    RC_ASSERT(cache.counts(tag).conflict == expected[tag].conflict);
  }
}

}  // namespace
}  // namespace attnsim::test
