// The crossovers of falling step functions, against a look at every size.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/study/crossovers.h"

namespace attnsim::study {
namespace {

using Steps = std::vector<std::uint64_t>;  // words at sizes 1, 2, ...

FallingWords words_of(const Steps& steps) {
  return [&steps](std::uint64_t m) { return steps.at(m - 1); };
}

std::vector<FallingWords> all_of(const std::vector<Steps>& curves) {
  std::vector<FallingWords> out;
  for (const Steps& steps : curves) out.push_back(words_of(steps));
  return out;
}

std::vector<Stretch> stretches_by_scan(const std::vector<Steps>& curves, SizeRange range) {
  std::vector<Stretch> out;
  for (std::uint64_t m = range.from; m <= range.to; ++m) {
    Stretch here{.from = m};
    std::uint64_t least = kCannotRun;
    for (const Steps& steps : curves) least = std::min(least, steps[m - 1]);
    for (std::size_t i = 0; i < curves.size(); ++i) {
      if (least != kCannotRun && curves[i][m - 1] == least) here.least.push_back(i);
    }
    if (out.empty() || out.back().least != here.least) out.push_back(here);
  }
  return out;
}

/// The definition, read backwards from the end of the range.
std::optional<Overtaking> overtaking_by_scan(const Steps& a, const Steps& b, SizeRange range) {
  std::uint64_t from = range.to + 1;
  bool less = false;
  while (from > range.from && a[from - 2] <= b[from - 2]) {
    --from;
    less = less || a[from - 1] < b[from - 1];
  }
  if (from == range.from || !less) return std::nullopt;
  std::uint64_t first = range.from;
  while (a[first - 1] > b[first - 1] || a[first - 1] == kCannotRun) ++first;
  bool was_behind = false;
  for (std::uint64_t m = range.from; m < from; ++m) was_behind |= b[m - 1] < a[m - 1];
  if (!was_behind) return std::nullopt;
  return Overtaking{.from = from, .first = first};
}

/// Few values, so that equal ones and long levels are common; the first sizes may fit nothing.
Steps any_steps(std::size_t sizes) {
  const auto top = *rc::gen::inRange<std::uint64_t>(1, 40);
  Steps out = *rc::gen::container<Steps>(sizes, rc::gen::inRange<std::uint64_t>(0, top));
  std::ranges::sort(out, std::greater<>());
  const auto none = *rc::gen::inRange<std::size_t>(0, 6);
  std::fill_n(out.begin(), std::min(none, sizes), kCannotRun);
  return out;
}

SizeRange any_range(std::size_t sizes) {
  const auto from = *rc::gen::inRange<std::uint64_t>(1, sizes + 1);
  return {from, *rc::gen::inRange<std::uint64_t>(from, sizes + 1)};
}

RC_GTEST_PROP(Crossovers, StretchesAreWhatAScanFinds, ()) {
  const auto sizes = *rc::gen::inRange<std::size_t>(1, 60);
  std::vector<Steps> curves;
  for (int i = *rc::gen::inRange(1, 5); i > 0; --i) curves.push_back(any_steps(sizes));
  const SizeRange range = any_range(sizes);
  RC_ASSERT(least_stretches(all_of(curves), range) == stretches_by_scan(curves, range));
}

RC_GTEST_PROP(Crossovers, OvertakingIsWhatAScanFinds, ()) {
  const auto sizes = *rc::gen::inRange<std::size_t>(1, 60);
  const Steps a = any_steps(sizes);
  const Steps b = any_steps(sizes);
  const SizeRange range = any_range(sizes);
  RC_ASSERT(overtaking(words_of(a), words_of(b), range) == overtaking_by_scan(a, b, range));
}

/// b leads at sizes 1 and 3, both are equal at 4.
TEST(Crossovers, CurvesThatCrossThreeTimes) {
  const Steps a = {9, 6, 6, 5, 2};
  const Steps b = {8, 8, 5, 5, 5};
  const SizeRange range{1, 5};
  const auto over = overtaking(words_of(a), words_of(b), range);
  ASSERT_TRUE(over.has_value());
  EXPECT_EQ(over->first, 2U);
  EXPECT_EQ(over->from, 4U) << "no more, though not yet less";
  EXPECT_FALSE(overtaking(words_of(b), words_of(a), range).has_value());
  EXPECT_EQ(least_stretches(all_of({a, b}), range),
            (std::vector<Stretch>{{1, {1}}, {2, {0}}, {3, {1}}, {4, {0, 1}}, {5, {0}}}));
}

TEST(Crossovers, WhoCannotRunHasNotBeenAhead) {
  const Steps a = {kCannotRun, 4, 4};
  const Steps b = {kCannotRun, kCannotRun, 9};
  EXPECT_FALSE(overtaking(words_of(a), words_of(b), {1, 3}).has_value());
  const Steps c = {9, 9, 9};
  EXPECT_EQ(overtaking(words_of(a), words_of(c), {1, 3}), (Overtaking{.from = 2, .first = 2}));
}

TEST(Crossovers, EqualCurvesDoNotCross) {
  const Steps a = {5, 4, 3};
  EXPECT_FALSE(overtaking(words_of(a), words_of(a), {1, 3}).has_value());
  EXPECT_EQ(least_stretches(all_of({a, a}), {1, 3}), (std::vector<Stretch>{{1, {0, 1}}}));
}

/// Curves c^2 / m and c / sqrt(m) over two million sizes meet at c^2 / m = c / sqrt(m), where steps
/// of sqrt(m) are 2000 sizes long: looked at there only.
TEST(Crossovers, FewSizesAreLookedAt) {
  std::uint64_t looked_at = 0;
  const FallingWords steep = [&looked_at](std::uint64_t m) {
    ++looked_at;
    return (std::uint64_t{1} << 40) / m;
  };
  const FallingWords flat = [](std::uint64_t m) {
    std::uint64_t root = 1;
    while ((root + 1) * (root + 1) <= m) ++root;
    return (std::uint64_t{1} << 30) / root;
  };
  const auto over = overtaking(steep, flat, {1, 1U << 21});
  ASSERT_TRUE(over.has_value());
  EXPECT_GT(steep(over->first - 1), flat(over->first - 1));
  EXPECT_LE(steep(over->first), flat(over->first));
  EXPECT_GT(steep(over->from - 1), flat(over->from - 1));
  EXPECT_NEAR(static_cast<double>(over->from), 1 << 20, 2048);
  EXPECT_LT(looked_at, 200U);
}

}  // namespace
}  // namespace attnsim::study
