// What an LRU cache over runs of lines does, worked out by hand.
#include "sim/machine/cache/segment_lru.h"

#include <gtest/gtest.h>

#include "tests/support/event_log.h"

namespace attnsim::machine {
namespace {

LineAccess load(std::uint64_t first, std::uint64_t count) { return {{first, count}, false}; }
LineAccess store(std::uint64_t first, std::uint64_t count) { return {{first, count}, true}; }

TEST(SegmentLru, ColdAndCapacityMissesAreToldApart) {
  SegmentLru cache({.capacity = 4});
  cache.access(load(0, 6));  // 2..5 stay
  cache.access(load(2, 4));  // hits
  cache.access(load(0, 2));  // evicts 2, 3
  const CacheCounts counts = cache.counts(0);
  EXPECT_EQ(counts.accesses, 12U);
  EXPECT_EQ(counts.hits, 4U);
  EXPECT_EQ(counts.cold, 6U);
  EXPECT_EQ(counts.capacity, 2U);
  EXPECT_EQ(counts.evictions, 4U);
  EXPECT_EQ(counts.fills, 8U);
}

TEST(SegmentLru, AnAccessLongerThanTheCacheEvictsItself) {
  SegmentLru cache({.capacity = 1});
  cache.access(store(0, 10000));
  cache.finish();
  const CacheCounts counts = cache.counts(0);
  EXPECT_EQ(counts.write_misses, 10000U);
  EXPECT_EQ(counts.fills, 0U);  // covered by the write
  EXPECT_EQ(counts.evictions, 9999U);
  EXPECT_EQ(counts.write_backs, 9999U);
  EXPECT_EQ(counts.final_dirty, 1U);
}

TEST(SegmentLru, WritesThatDoNotCoverTheirLinesFetch) {
  SegmentLru cache({.capacity = 8});
  LineAccess partial = store(0, 2);
  partial.covers_lines = false;
  cache.access(partial);
  cache.access(store(2, 2));
  EXPECT_EQ(cache.counts(0).fills, 2U);
}

TEST(SegmentLru, EvictionsAndWriteBacksBelongToTheVictim) {
  SegmentLru cache({.capacity = 2});
  LineAccess first = store(0, 2);
  first.tag = 7;
  cache.access(first);
  cache.access(load(100, 2));
  EXPECT_EQ(cache.counts(7).evictions, 2U);
  EXPECT_EQ(cache.counts(7).write_backs, 2U);
  EXPECT_EQ(cache.counts(0).evictions, 0U);
  EXPECT_EQ(cache.counts(65535), CacheCounts{});
}

TEST(SegmentLru, LinesMayLieAnywhere) {
  SegmentLru cache({.capacity = 100});
  const std::uint64_t high = ~std::uint64_t{0} - 20;
  for (int round = 0; round < 2; ++round) {
    cache.access(load(high, 20));
    cache.access(load(std::uint64_t{1} << 50U, 20));
    cache.access(load(4090, 20));  // over the end of a page
  }
  EXPECT_EQ(cache.counts(0).hits, 60U);
  EXPECT_EQ(cache.counts(0).cold, 60U);
}

TEST(SegmentLru, BelowAnOrderedLevelEventsComeInOrder) {
  test::EventLog log(true);
  SegmentLru cache({.capacity = 2}, &log);
  cache.access(store(0, 2));
  cache.access(load(10, 2));
  const std::vector<test::Event> expected = {
      {true, 0, 0}, {false, 10, 0}, {true, 1, 0}, {false, 11, 0}};
  EXPECT_EQ(log.events, expected);
}

TEST(SegmentLru, BelowAMemoryThatCountsRunsAreMerged) {
  test::EventLog log(false);
  SegmentLru cache({.capacity = 2}, &log);
  cache.access(store(0, 2));
  cache.access(load(10, 2));
  EXPECT_EQ(log.calls, 2U);
  EXPECT_EQ(log.events.size(), 4U);
}

TEST(SegmentLru, FinishWritesBackByAddress) {
  test::EventLog log(true);
  SegmentLru cache({.capacity = 8}, &log);
  cache.access(store(20, 1));
  cache.access(store(5, 2));
  cache.finish();
  const std::vector<test::Event> expected = {{true, 5, 0}, {true, 6, 0}, {true, 20, 0}};
  EXPECT_EQ(log.events, expected);
  EXPECT_EQ(cache.counts(0).final_dirty, 3U);
}

}  // namespace
}  // namespace attnsim::machine
