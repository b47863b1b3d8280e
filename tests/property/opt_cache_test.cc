// OptCache against a cache that looks for the farthest next use by scanning the trace: on random
// accesses and shapes, the same counts by tag and the same fetches and write-backs, in order where
// that is seen.
#include "sim/machine/cache/opt_cache.h"

#include <algorithm>
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
using machine::OptCache;
using machine::OptConfig;

[[maybe_unused]] const bool many_cases = [] {
  setenv("RC_PARAMS", "seed=20240607 max_success=5000", 0);
  return true;
}();

std::vector<UnitAccess> unit_by_unit(const std::vector<LineAccess>& accesses) {
  std::vector<UnitAccess> units;
  for (const LineAccess& a : accesses) {
    for (std::uint64_t i = 0; i < a.lines.count; ++i) {
      units.push_back({a.lines.first + i, a.write, a.covers_lines, a.tag});
    }
  }
  return units;
}

void expect_like_reference(const OptConfig& shape, const std::vector<LineAccess>& accesses) {
  machine::SetCacheConfig config;
  config.policy = "opt";
  config.sets = shape.sets;
  config.ways = static_cast<std::uint32_t>(shape.ways);
  config.index = shape.index;
  config.slices = shape.slices;
  config.fetch_covered_writes = shape.fetch_covered_writes;
  ReferenceLineCache reference{config, unit_by_unit(accesses)};
  for (std::size_t t = 0; t < reference.trace.size(); ++t) {
    reference.access(reference.trace[t], t);
  }
  reference.finish();
  for (const bool ordered : {true, false}) {
    DownstreamLog below(ordered);
    OptCache cache(shape, below);
    for (const LineAccess& a : accesses) cache.access(a);
    cache.finish();
    for (std::uint16_t tag = 0; tag < kArrays; ++tag) {
      CacheCounts counts = cache.counts(tag);
      counts.cold = counts.capacity = 0;
      RC_ASSERT(counts == reference.counts[tag]);
    }
    if (!ordered) {
      std::ranges::sort(below.events);
      std::ranges::sort(reference.below.events);
    }
    RC_ASSERT(below.events == reference.below.events);
  }
}

OptConfig any_full_shape() {
  OptConfig shape;
  shape.ways = *rc::gen::weightedOneOf<std::uint64_t>(
      {{3, rc::gen::inRange<std::uint64_t>(1, 12)}, {2, rc::gen::inRange<std::uint64_t>(12, 150)}});
  shape.fetch_covered_writes = *rc::gen::arbitrary<bool>();
  return shape;
}

RC_GTEST_PROP(OptCache, FullyAssociativeIsTheReference, ()) {
  std::vector<LineAccess> accesses = *random_accesses(64);
  if (accesses.size() > 30) accesses.resize(30);  // the reference takes the square of it
  expect_like_reference(any_full_shape(), accesses);
}

RC_GTEST_PROP(OptCache, ShortAccessesToo, ()) {
  expect_like_reference(any_full_shape(), *random_accesses(4));
}

RC_GTEST_PROP(OptCache, SetAssociativeIsTheReference, ()) {
  OptConfig shape;
  shape.sets = *rc::gen::elementOf(std::vector<std::uint32_t>{2, 3, 4, 7, 8, 16});
  shape.ways = *rc::gen::elementOf(std::vector<std::uint64_t>{1, 2, 3, 4, 8});
  shape.index = *rc::gen::element(IndexKind::modulo, IndexKind::hashed, IndexKind::sliced);
  shape.slices = shape.sets % 2 == 0 ? 2 : 1;
  expect_like_reference(shape, *random_accesses(16));
}

}  // namespace
}  // namespace attnsim::test
