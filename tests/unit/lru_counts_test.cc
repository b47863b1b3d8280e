// Known counts of two streams: cold cache, nothing flushed at the end.
#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "sim/machine/cache/block_lru.h"
#include "sim/machine/cache/line_lru.h"
#include "sim/machine/cache/record_lru.h"
#include "sim/machine/cache/segment_lru.h"
#include "sim/machine/cache/stack_distance.h"
#include "tests/support/streams.h"

namespace attnsim::machine {
namespace {

struct Row {
  const char* stream;
  std::uint64_t capacity, misses, read_misses, write_misses, evictions, write_backs, final_dirty;
};

constexpr Row kRows[] = {
    {"fa", 16384, 532480, 532480, 0, 516096, 134912, 4352},
    {"fa", 4480, 532480, 532480, 0, 528000, 137088, 2176},
    {"fa", 4479, 4587520, 4587520, 0, 4583041, 2226048, 2176},
    {"fa", 4096, 4587520, 4587520, 0, 4583424, 2226048, 2176},
    {"fa", 1024, 4587520, 4587520, 0, 4586496, 2227680, 544},
    {"fa", 136, 4587520, 4587520, 0, 4587384, 2228088, 136},
    {"fa", 135, 6815744, 4587520, 2228224, 6815609, 2228089, 135},
    {"fa", 128, 6815744, 4587520, 2228224, 6815616, 2228096, 128},
    {"std", 16384, 4456448, 2293760, 2162688, 4440064, 2161792, 896},
    {"std", 4224, 4456448, 2293760, 2162688, 4452224, 2162560, 128},
    {"std", 4223, 6422528, 4259840, 2162688, 6418305, 2162560, 128},
    {"std", 4096, 6422528, 4259840, 2162688, 6418432, 2162560, 128},
    {"std", 1024, 6422528, 4259840, 2162688, 6421504, 2162560, 128},
    {"std", 128, 6422528, 4259840, 2162688, 6422400, 2162560, 128},
};

std::string name_of(const testing::TestParamInfo<Row>& info) {
  return info.param.stream + std::to_string(info.param.capacity);
}

const std::vector<RectAccess>& stream_named(const std::string& name) {
  static const std::vector<RectAccess> fa = test::flash_attention_stream();
  static const std::vector<RectAccess> standard = test::standard_stream();
  return name == "fa" ? fa : standard;
}

std::uint64_t distinct_lines(const std::string& stream) {
  return stream == "fa" ? 532480 : 2359296;
}

class LruCounts : public testing::TestWithParam<Row> {};

void expect_row(const Row& row, CacheModel& cache) {
  for (const RectAccess& rect : stream_named(row.stream)) cache.access(rect);
  cache.finish();
  CacheCounts sum;
  for (std::uint16_t tag = 0; tag < test::kStreamTags; ++tag) sum += cache.counts(tag);
  EXPECT_EQ(sum.misses, row.misses);
  EXPECT_EQ(sum.read_misses, row.read_misses);
  EXPECT_EQ(sum.write_misses, row.write_misses);
  EXPECT_EQ(sum.fills, row.misses);
  EXPECT_EQ(sum.cold, distinct_lines(row.stream));
  EXPECT_EQ(sum.capacity, row.misses - distinct_lines(row.stream));
  EXPECT_EQ(sum.evictions, row.evictions);
  EXPECT_EQ(sum.write_backs, row.write_backs);
  EXPECT_EQ(sum.final_dirty, row.final_dirty);
  EXPECT_EQ(sum.hits + sum.misses, sum.accesses);
}

TEST_P(LruCounts, OfSegmentLru) {
  SegmentLru cache({.capacity = GetParam().capacity, .fetch_covered = true});
  expect_row(GetParam(), cache);
}

TEST_P(LruCounts, OfBlockLru) {
  BlockLru cache({.capacity = GetParam().capacity, .fetch_covered = true});
  expect_row(GetParam(), cache);
}

TEST_P(LruCounts, OfRecordLru) {
  RecordLru cache({.capacity = GetParam().capacity, .fetch_covered = true});
  expect_row(GetParam(), cache);
}

TEST_P(LruCounts, OfLineLru) {
  LineLru cache({.capacity = GetParam().capacity, .fetch_covered = true});
  expect_row(GetParam(), cache);
}

INSTANTIATE_TEST_SUITE_P(Streams, LruCounts, testing::ValuesIn(kRows), name_of);

MissCurve curve_of(const std::string& stream) {
  StackDistance stack(true);
  for (const RectAccess& rect : stream_named(stream)) stack.access(rect);
  return stack.curve();
}

/// Where the curve of misses steps.
std::vector<std::uint64_t> steps_of(const MissCurve& curve) {
  std::vector<std::uint64_t> out;
  for (std::size_t i = 1; i < curve.steps().size(); ++i) {
    const auto misses = [&](std::size_t at) {
      return curve.steps()[at].read_misses + curve.steps()[at].write_misses;
    };
    if (misses(i) != misses(i - 1)) out.push_back(curve.steps()[i].capacity);
  }
  return out;
}

TEST(StackDistance, OnePassHasTheCountsOfEveryCapacity) {
  for (const std::string stream : {"fa", "std"}) {
    const MissCurve curve = curve_of(stream);
    EXPECT_EQ(curve.cold(), distinct_lines(stream));
    for (const Row& row : kRows) {
      if (row.stream != stream) continue;
      const CurvePoint expected{row.capacity, row.read_misses, row.write_misses,
                                row.misses,   row.write_backs, row.final_dirty};
      EXPECT_TRUE(curve.at(row.capacity) == expected) << stream << " " << row.capacity;
    }
  }
}

TEST(StackDistance, MissesStepWhereLinesAreReused) {
  EXPECT_EQ(steps_of(curve_of("fa")), (std::vector<std::uint64_t>{136, 4480}));
  const std::vector<std::uint64_t> steps = steps_of(curve_of("std"));
  ASSERT_GE(steps.size(), 2U);
  EXPECT_EQ(steps[0], 4224U);
  EXPECT_EQ(steps[1], 34846U);
}

TEST(Streams, FlashAttentionIsTheStreamThatTheCountsBelongTo) {
  const std::vector<LineAccess> rows = test::rows_of(stream_named("fa"));
  EXPECT_EQ(rows.size(), 116736U);
  EXPECT_EQ(test::lines_of(rows), 6815744U);
  EXPECT_EQ(test::check_value(rows), 0xec85cf4a6246bf03U);
}

TEST(Streams, StandardIsTheStreamThatTheCountsBelongTo) {
  const std::vector<LineAccess> rows = test::rows_of(stream_named("std"));
  EXPECT_EQ(rows.size(), 1131520U);
  EXPECT_EQ(test::lines_of(rows), 6422528U);
  EXPECT_EQ(test::check_value(rows), 0xf89553996d2c7783U);
}

/// One step below a reuse distance must not cost one step per line.
TEST(BlockLru, ChasingItsOwnTailTakesFewSteps) {
  BlockLru cache({.capacity = 4479, .fetch_covered = true});
  for (const RectAccess& rect : stream_named("fa")) cache.access(rect);
  EXPECT_LT(cache.pieces(), 140000U);  // of 116,736 accesses
}

}  // namespace
}  // namespace attnsim::machine
