// The exact counts of two published access streams, for every organisation that has some.
//
// Whole lines, write-allocate, write-back; every number was found by two independent simulators and
// most by public ones.
#include <gtest/gtest.h>

#include "sim/machine/cache/opt_cache.h"
#include "sim/machine/cache/set_cache.h"
#include "tests/support/downstream_log.h"
#include "tests/support/streams.h"

namespace attnsim::test {
namespace {

using machine::CacheCounts;
using machine::SetCache;
using machine::SetCacheConfig;

TEST(LineStreams, AreTheOnesTheCountsWereTakenFrom) {
  EXPECT_EQ(rows_of(flash_attention_stream()).size(), 116736U);
  EXPECT_EQ(rows_of(standard_stream()).size(), 1131520U);
  EXPECT_EQ(lines_of(rows_of(flash_attention_stream())), 6815744U);
  EXPECT_EQ(lines_of(rows_of(standard_stream())), 6422528U);
  EXPECT_EQ(check_value(rows_of(flash_attention_stream())), 0xec85cf4a6246bf03U);
  EXPECT_EQ(check_value(rows_of(standard_stream())), 0xf89553996d2c7783U);
}

struct Expected {
  std::uint64_t misses, read_misses, write_misses, evictions, write_backs, final_dirty, distinct;
};

constexpr Expected kFa1MiB{532480, 532480, 0, 516096, 134912, 4352, 532480};
constexpr Expected kStdLru1MiB{4456448, 2293760, 2162688, 4440064, 2161792, 896, 2359296};
constexpr Expected kStdFifo1MiB{4718592, 2555904, 2162688, 4702208, 2161792, 896, 2359296};
constexpr Expected kStdFifo16Way{4702208, 2539520, 2162688, 4685824, 2161792, 896, 2359296};

constexpr Expected kFaOpt256KiB{656320, 656320, 0, 652224, 138048, 2176, 532480};
constexpr Expected kStdOpt1MiB{3407936, 1245248, 2162688, 3391552, 2159744, 2944, 2359296};
constexpr Expected kStdOpt256KiB{4194400, 2031712, 2162688, 4190304, 2160642, 2046, 2359296};

struct Case {
  const char* name;
  Stream (*stream)();
  const char* policy;
  std::uint32_t sets, ways;
  Expected expected;
};

Stream fa() { return rows_of(flash_attention_stream()); }
Stream standard() { return rows_of(standard_stream()); }

CacheCounts total(const machine::CacheModel& cache) {
  CacheCounts sum;
  for (std::uint16_t tag = 0; tag < 6; ++tag) sum += cache.counts(tag);
  return sum;
}

void expect_counts(const CacheCounts& counts, const Expected& expected) {
  EXPECT_EQ(counts.misses, expected.misses);
  EXPECT_EQ(counts.read_misses, expected.read_misses);
  EXPECT_EQ(counts.write_misses, expected.write_misses);
  EXPECT_EQ(counts.fills, expected.read_misses) << "writes cover their lines";
  EXPECT_EQ(counts.evictions, expected.evictions);
  EXPECT_EQ(counts.write_backs, expected.write_backs);
  EXPECT_EQ(counts.final_dirty, expected.final_dirty);
  EXPECT_EQ(counts.cold, expected.distinct);
}

class Pinned : public testing::TestWithParam<Case> {};

std::unique_ptr<machine::CacheModel> cache_of(const Case& c, machine::Downstream& memory) {
  if (c.policy == std::string("opt")) {
    return std::make_unique<machine::OptCache>(machine::OptConfig{.ways = c.ways}, memory);
  }
  SetCacheConfig config;
  config.sets = c.sets;
  config.ways = c.ways;
  config.policy = c.policy;
  return std::make_unique<SetCache>(config, memory);
}

TEST_P(Pinned, Counts) {
  const Case& c = GetParam();
  Sink memory;
  const std::unique_ptr<machine::CacheModel> cache = cache_of(c, memory);
  for (const machine::LineAccess& a : c.stream()) cache->access(a);
  cache->finish();
  expect_counts(total(*cache), c.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Streams, Pinned,
    testing::Values(Case{"fa_8_way_lru", fa, "lru", 2048, 8, kFa1MiB},
                    Case{"fa_16_way_lru", fa, "lru", 1024, 16, kFa1MiB},
                    Case{"fa_fifo", fa, "fifo", 1, 16384, kFa1MiB},
                    Case{"fa_lru", fa, "lru", 1, 16384, kFa1MiB},
                    Case{"fa_16_way_fifo", fa, "fifo", 1024, 16, kFa1MiB},
                    Case{"fa_opt", fa, "opt", 1, 16384, kFa1MiB},
                    Case{"fa_opt_256_kib", fa, "opt", 1, 4096, kFaOpt256KiB},
                    Case{"std_opt", standard, "opt", 1, 16384, kStdOpt1MiB},
                    Case{"std_opt_256_kib", standard, "opt", 1, 4096, kStdOpt256KiB},
                    Case{"std_8_way_lru", standard, "lru", 2048, 8, kStdLru1MiB},
                    Case{"std_16_way_lru", standard, "lru", 1024, 16, kStdLru1MiB},
                    Case{"std_lru", standard, "lru", 1, 16384, kStdLru1MiB},
                    Case{"std_fifo", standard, "fifo", 1, 16384, kStdFifo1MiB},
                    Case{"std_16_way_fifo", standard, "fifo", 1024, 16, kStdFifo16Way}),
    [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace attnsim::test
