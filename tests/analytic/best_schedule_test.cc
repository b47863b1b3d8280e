// Best nests at the sizes at which the published algorithms are tabulated, between them and the
// lower bounds.
#include "sim/study/best_schedule.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "analysis/bounds/bounds.h"
#include "analysis/schedules/search.h"
#include "sim/core/two_level.h"
#include "sim/trace/algorithm.h"
#include "tests/support/square_workload.h"

namespace attnsim {
namespace {

using test::square;

struct Point {
  std::int64_t seqlen, head_dim;
  std::uint64_t m;
  std::uint64_t published;  // the least of the published algorithms, each with its best tiles
};

/// `published`: FlashAttention-2 up to the fifth point, then Saha and Ye's nest with products of
/// single columns; by their formulas, without this simulator.
constexpr Point kTable[] = {
    {1024, 64, 25600, 918528},    {4096, 64, 25600, 12062720}, {4096, 128, 25600, 46141440},
    {4096, 128, 57344, 20975616}, {1000, 64, 25600, 897000},   {1024, 128, 1024, 20189184},
    {1024, 128, 4096, 11014144},  {1024, 64, 1024, 11145216},  {777, 100, 3000, 5388495},
};

TEST(BestSchedule, BeatsThePublishedAlgorithmsAtEveryTabulatedPoint) {
  for (const Point& p : kTable) {
    const ScheduleReport report = study::best_schedules(square(p.seqlen, p.head_dim), {Words(p.m)});
    ASSERT_EQ(report.rows.size(), 1U);
    const ScheduleRow& row = report.rows[0];
    ASSERT_TRUE(row.published.has_value());
    EXPECT_EQ(row.published_words.count, p.published) << row.published->name;
    EXPECT_EQ(row.choice.name, "tiled_attention");
    EXPECT_LT(row.words.count, p.published) << p.seqlen << " " << p.head_dim << " " << p.m;
    EXPECT_GE(row.over_bound(), 1.0);
    EXPECT_LE(row.footprint.count, p.m);
  }
}

/// N = 1024, d = 64, M = 25600. Six query blocks need 171 rows, which hold 171 (2 * 64 + 1 + 2) =
/// 22401 words of Q, O, S and statistics. A streamed row of K or V takes 64, which leaves 3135:
/// 24 keys of 128 words stay. Q and O once, 24 + 6 (1024 - 24) rows of K and of V.
TEST(BestSchedule, IsWhatAPersonFinds) {
  const auto best = schedules::best_nest(square(1024, 64), 25600);
  ASSERT_TRUE(best.has_value());
  EXPECT_EQ(best->words, 2 * 1024 * 64 + 128 * (24 + 6 * (1024 - 24)));
  EXPECT_EQ(best->footprint, 22401 + 64 + 24 * 128);
}

/// The largest lower bound that applies to a nest of the family.
double bound_of(const Workload& w, std::uint64_t m) {
  const AlgorithmInfo family = find_algorithm("tiled_attention").info;
  double largest = 0;
  for (const BoundRow& bound : bounds::bounds(w, two_level_machine(m), {.algorithm = &family})) {
    if (bound.rigorous && bound.applies && bound.kind == "lower") {
      largest = std::max(largest, bound.words);
    }
  }
  return largest;
}

/// From 4 d words to all of Q, K, V and O, in steps of 5 %.
TEST(BestSchedule, LiesWithinAFactorOf2Point5OfTheBound) {
  std::size_t sizes = 0;
  for (const std::int64_t seqlen : {1024, 4096}) {
    for (const std::int64_t head_dim : {64, 128}) {
      const Workload w = square(seqlen, head_dim);
      const auto all = static_cast<std::uint64_t>(4 * seqlen * head_dim);
      for (auto m = static_cast<std::uint64_t>(4 * head_dim); m <= all; m += m / 20 + 1) {
        const auto best = schedules::best_nest(w, m);
        ASSERT_TRUE(best.has_value());
        const double ratio = static_cast<double>(best->words) / bound_of(w, m);
        EXPECT_GE(ratio, 1.0) << m;
        EXPECT_LE(ratio, 2.5) << "seqlen " << seqlen << ", head_dim " << head_dim << ", M " << m;
        ++sizes;
      }
    }
  }
  EXPECT_GT(sizes, 600U);
}

/// From 4 d words on no registered algorithm, with whatever tiles, moves less than the best nest of
/// the family. (Below, standard attention can: its products keep no row statistics.)
TEST(BestSchedule, TheFamilyIsNeverWorseThanAPublishedAlgorithm) {
  std::size_t compared = 0;
  for (const std::int64_t head_dim : {2, 3, 8, 16}) {
    for (const std::int64_t seqlen : {5, 12, 32}) {
      Workload w = square(seqlen, head_dim);
      for (const bool causal : {false, true}) {
        w.causal = causal;
        std::vector<Words> sizes;
        for (auto m = static_cast<std::uint64_t>(4 * head_dim); m < 4096; m += 1 + m / 16) {
          sizes.emplace_back(m);
        }
        for (const ScheduleRow& row : study::best_schedules(w, sizes).rows) {
          if (!row.published) continue;
          ++compared;
          EXPECT_EQ(row.choice.name, "tiled_attention")
              << "at M " << row.m_words.count << ", seqlen " << seqlen << ", head_dim " << head_dim
              << (causal ? ", causal" : "");
        }
      }
    }
  }
  EXPECT_GT(compared, 1000U);
}

/// 12 x 12 scores of 16 products in 10 words: blocks of 2 x 2 with single columns fit only without
/// statistics.
TEST(BestSchedule, APublishedAlgorithmIsTheAnswerWhereItMovesLess) {
  const ScheduleReport report = study::best_schedules(square(12, 16), {Words(10)});
  ASSERT_EQ(report.rows.size(), 1U);
  const ScheduleRow& row = report.rows[0];
  EXPECT_EQ(row.choice.name, "standard");
  EXPECT_EQ(row.words, row.published_words);
  EXPECT_LT(row.words.count, schedules::best_nest(square(12, 16), 10)->words);
  EXPECT_LE(row.footprint.count, 10U);
}

}  // namespace
}  // namespace attnsim
