// The capacity curve, step by step, against caches of one capacity.
#include <algorithm>

#include <gtest/gtest.h>

#include "sim/machine/cache/segment_lru.h"
#include "sim/replay/curve.h"
#include "sim/replay/replay.h"
#include "tests/support/reference_cache.h"
#include "tests/support/streams.h"

namespace attnsim {
namespace {

using machine::LineAccess;

class StreamLines final : public replay::LineSource {
 public:
  explicit StreamLines(test::Stream stream) : stream_(std::move(stream)) {
    for (LineAccess& access : stream_) access.tag = 0;
  }
  void replay(const Receiver& receive, Progress*) const override {
    for (const LineAccess& access : stream_) receive(access);
  }

 private:
  test::Stream stream_;
};

/// What an LRU cache of `lines` reads and writes in all, by the curve.
std::pair<std::uint64_t, std::uint64_t> by_curve(const Curve& curve, std::uint64_t lines) {
  const CurvePoint& at = point_at(*curve.of("lru"), Bytes(lines * curve.line_bytes));
  return {at.read.count / curve.line_bytes, at.write.count / curve.line_bytes};
}

std::pair<std::uint64_t, std::uint64_t> moved(const machine::CacheCounts& counts) {
  return {counts.fills, counts.write_backs + counts.final_dirty};
}

struct Case {
  const char* name;
  std::vector<machine::RectAccess> (*stream)(int heads);
  int heads;
  std::vector<std::uint64_t> steps;  // first lines of a step
};

class BothSides : public testing::TestWithParam<Case> {};

TEST_P(BothSides, LineByLine) {
  const StreamLines source(test::rows_of(GetParam().stream(1)));
  const Curve curve = replay::capacity_curve(source, {.line_bytes = 64});
  for (const std::uint64_t step : GetParam().steps) {
    for (const std::uint64_t lines : {step - 1, step}) {
      test::ReferenceCache cache(1, lines);
      source.replay([&](const LineAccess& access) { cache.access(access); }, nullptr);
      cache.finish();
      EXPECT_EQ(by_curve(curve, lines), moved(cache.counts[0])) << lines << " lines";
    }
  }
}

TEST_P(BothSides, FullSize) {
  const StreamLines source(test::rows_of(GetParam().stream(GetParam().heads)));
  const Curve curve = replay::capacity_curve(source, {.line_bytes = 64, .fetch_covered = true});
  for (const std::uint64_t step : GetParam().steps) {
    EXPECT_NE(by_curve(curve, step - 1), by_curve(curve, step)) << "no step at " << step;
    for (const std::uint64_t lines : {step - 1, step}) {
      machine::SegmentLru cache({.capacity = lines, .fetch_covered = true});
      source.replay([&](const LineAccess& access) { cache.access(access); }, nullptr);
      cache.finish();
      EXPECT_EQ(by_curve(curve, lines), moved(cache.counts(0))) << lines << " lines";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Streams, BothSides,
    testing::Values(Case{"flash_attention", test::flash_attention_stream, 64, {136, 4480}},
                    Case{"standard", test::standard_stream, 32, {4224}}),
    [](const auto& one) { return std::string(one.param.name); });

using Points = std::vector<CurvePoint>;

TEST(CapacityCurve, OfNothingIsOnePoint) {
  const Curve curve = replay::capacity_curve(StreamLines({}), {.line_bytes = 64});
  ASSERT_EQ(curve.series.size(), 1U);
  EXPECT_EQ(curve.series[0].points, (Points{{Bytes(64), Bytes(0), Bytes(0)}}));
}

TEST(CapacityCurve, BeginsAtOneLineAndChangesAtEveryPoint) {
  // Line 1 twice, then 2 and 1: depths 1 and 2.
  const auto access = [](std::uint64_t line) { return LineAccess{.lines = {line, 1}}; };
  const StreamLines source({access(1), access(1), access(2), access(1)});
  const Curve curve = replay::capacity_curve(source, {.line_bytes = 64});
  EXPECT_EQ(curve.of("lru")->points,
            (Points{{Bytes(64), Bytes(3 * 64), Bytes(0)}, {Bytes(128), Bytes(2 * 64), Bytes(0)}}));
  EXPECT_EQ(curve.of("opt"), nullptr);
  EXPECT_EQ(curve.accesses, 4U);
  EXPECT_EQ(curve.lines, 2U);
}

// --- of a run
// ------------------------------------------------------------------------------------

constexpr std::uint64_t kLine = 64;

/// Rows of Q, K, V and O are 40 bytes: lines are shared, and writes cover them in part.
RunSpec run_of(const std::string& algorithm) {
  RunSpec run;
  run.workload.heads = run.workload.kv_heads = 3;
  run.workload.seqlen_q = run.workload.seqlen_kv = 70;
  run.workload.head_dim = run.workload.head_dim_v = 20;
  run.machine.id = "test_gpu";
  run.machine.cores = 2;
  run.machine.memories = {{.name = "sram",
                           .kind = MemoryKind::scratchpad,
                           .per_core = true,
                           .parent = "l2",
                           .capacity = Capacity{16 << 10, false}},
                          {.name = "l2", .kind = MemoryKind::cache, .parent = "hbm", .line = kLine},
                          {.name = "hbm", .kind = MemoryKind::dram}};
  run.machine.roles.fill("sram");
  run.algorithm.name = algorithm;
  const bool flash = algorithm != "standard";
  run.algorithm.tiles = {TileRule::explicit_sizes,
                         {{flash ? "Br" : "b", 16}, {flash ? "Bc" : "bk", 16}}};
  run.algorithm.params.set("pack_gqa", false);
  run.algorithm.params.set("trimmed", false);
  return run;
}

class CurveOfRun : public testing::TestWithParam<const char*> {};

TEST_P(CurveOfRun, IsWhatRunsWithACacheCount) {
  RunSpec run = run_of(GetParam());
  const replay::PlannedRun planned(run);
  const replay::RunLines lines(planned, kLine);
  replay::CurveRequest request{.line_bytes = kLine};
  for (const std::uint64_t capacity : {1, 8, 100}) request.opt.emplace_back(capacity * kLine);
  const Curve curve = replay::capacity_curve(lines, request);
  ASSERT_EQ(curve.series.size(), 2U);
  EXPECT_GT(curve.of("lru")->points.size(), 3U);
  EXPECT_EQ(curve.of("opt")->points.size(), 3U);
  for (const CurveSeries& series : curve.series) {
    run.machine.memories[1].cache.policy = series.policy;
    for (std::size_t i = 0; i < std::min<std::size_t>(series.points.size(), 40); ++i) {
      const CurvePoint& point = series.points[i];
      run.machine.memories[1].capacity = Capacity{point.capacity.count, false};
      const Result result = replay::replay(run);
      const IoRow* total = result.io_row("hbm", "total");
      ASSERT_NE(total, nullptr);
      EXPECT_EQ(point.read, total->read_bytes) << series.policy << " " << point.capacity.count;
      EXPECT_EQ(point.write, total->write_bytes) << series.policy << " " << point.capacity.count;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, CurveOfRun,
                         testing::Values("standard", "flash_attention_1", "flash_attention_2"),
                         [](const auto& one) { return std::string(one.param); });

}  // namespace
}  // namespace attnsim
