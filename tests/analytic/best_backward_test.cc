// Best backward passes at the sizes at which the published algorithms are tabulated, between them
// and the lower bounds.
#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/schedules/backward_search.h"
#include "sim/study/best_schedule.h"
#include "tests/support/square_workload.h"

namespace attnsim {
namespace {

/// One head of so many tokens.
Workload square(std::int64_t seqlen, std::int64_t head_dim) {
  return test::square(seqlen, head_dim, Pass::backward);
}

struct Point {
  std::int64_t seqlen, head_dim;
  std::uint64_t m;
  std::uint64_t published;  // the least of the published algorithms, each with its best tiles
};

/// `published` by their formulas, without this simulator: the two-kernel form, then the square
/// tiling with single columns.
constexpr Point kTable[] = {
    {1024, 64, 25600, 3105792},   {4096, 64, 25600, 41512960}, {4096, 128, 25600, 160608256},
    {4096, 128, 57344, 73191424}, {1000, 64, 25600, 3033000},  {1024, 128, 1024, 69733376},
    {1024, 128, 4096, 34212864},  {1024, 64, 1024, 37489664},  {777, 100, 3000, 18453750},
};

ScheduleRow row_at(const Point& p) {
  const ScheduleReport report = study::best_schedules(square(p.seqlen, p.head_dim), {Words(p.m)});
  EXPECT_EQ(report.rows.size(), 1U);
  return report.rows.at(0);
}

std::string with_commas(std::uint64_t n) {
  std::string out = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3) {
    out.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return out;
}

/// "| 1024, 64, 25600 | 902,144 |" and "| 2.25 (LB2) |", as the table of the document has them.
void expect_in_document(const Point& p, const ScheduleRow& row) {
  std::ifstream file(std::string(ATTNSIM_SOURCE_DIR) + "/docs/bounds.md");
  const std::string document(std::istreambuf_iterator<char>(file), {});
  const std::string begin = "| " + std::to_string(p.seqlen) + ", " + std::to_string(p.head_dim) +
                            ", " + std::to_string(p.m) + " | " + with_commas(row.words.count) +
                            " | ";
  const std::size_t at = document.find(begin);
  ASSERT_NE(at, std::string::npos) << begin;
  const std::string line = document.substr(at, document.find('\n', at) - at);
  std::array<char, 80> numbers{};
  std::snprintf(numbers.data(), numbers.size(), " | %.2f (%s) | ", row.over_bound(),
                row.bound.substr(0, 3).c_str());
  EXPECT_NE(line.find(numbers.data()), std::string::npos) << line << numbers.data();
  std::snprintf(numbers.data(), numbers.size(), " | %.3f |", row.gain());
  EXPECT_TRUE(line.ends_with(numbers.data())) << line << numbers.data();
}

TEST(BestBackward, BeatsThePublishedAlgorithmsAtEveryTabulatedPoint) {
  for (const Point& p : kTable) {
    const ScheduleRow row = row_at(p);
    ASSERT_TRUE(row.published.has_value());
    EXPECT_EQ(row.published_words.count, p.published) << row.published->name;
    EXPECT_LT(row.words, row.published_words) << p.seqlen << " " << p.head_dim << " " << p.m;
    EXPECT_GE(row.over_bound(), 1.0);
    EXPECT_LE(row.footprint.count, p.m);
    expect_in_document(p, row);
  }
}

/// "| 1024, 64 | 7.02 at M = 4512 (LB3-rec) | 1.51 at M = 2508 |": from 4 d
/// words to where everything fits, in steps of 5 %.
TEST(BestBackward, LargestRatiosAreThoseOfTheDocument) {
  std::ifstream file(std::string(ATTNSIM_SOURCE_DIR) + "/docs/bounds.md");
  const std::string document(std::istreambuf_iterator<char>(file), {});
  for (const std::int64_t seqlen : {1024, 4096}) {
    for (const std::int64_t head_dim : {64, 128}) {
      const Workload w = square(seqlen, head_dim);
      const study::SizeRange range = study::telling_sizes(w);
      std::vector<Words> sizes;
      for (std::uint64_t m = range.from; m <= range.to; m += m / 20 + 1) sizes.emplace_back(m);
      const ScheduleReport report = study::best_schedules(w, sizes);
      const auto furthest = std::ranges::max_element(report.rows, {}, &ScheduleRow::over_bound);
      const auto gain = std::ranges::max_element(
          report.rows, {}, [](const ScheduleRow& row) { return row.published ? row.gain() : 0; });
      std::array<char, 160> line{};
      std::snprintf(
          line.data(), line.size(), "| %lld, %lld | %.2f at M = %llu (%s) | %.2f at M = %llu |",
          static_cast<long long>(seqlen), static_cast<long long>(head_dim), furthest->over_bound(),
          static_cast<unsigned long long>(furthest->m_words.count), furthest->bound.c_str(),
          gain->gain(), static_cast<unsigned long long>(gain->m_words.count));
      EXPECT_NE(document.find(line.data()), std::string::npos) << line.data();
    }
  }
}

/// N = 1024, d = 64, M = 16 N d, enough for K, V, dK, dV and the scores of a row: Q, K, V, dO and O
/// are read once, the gradients are written once, and L.
TEST(BestBackward, ALargeMemoryMovesEachWordOnce) {
  const auto best = schedules::best_backward(square(1024, 64), 16 * 1024 * 64);
  ASSERT_TRUE(best.has_value());
  EXPECT_EQ(best->words, 8 * 1024 * 64 + 1024);
}

/// M = d^2 / 0.64, between the two-kernel form and the tilings: dS alone is stored.
TEST(BestBackward, InTheMiddleScoreGradientsAreStored) {
  const auto best = schedules::best_backward(square(4096, 128), 25600);
  ASSERT_TRUE(best.has_value());
  EXPECT_EQ(best->choice.name, "tiled_backward");
  EXPECT_EQ(best->choice.params.choice("gradients"), "ds_stored");
  const double pairs = 4096.0 * 4096.0;
  EXPECT_NEAR(static_cast<double>(best->words) / pairs, 9 * 0.64 + 2, 0.5);
}

}  // namespace
}  // namespace attnsim
