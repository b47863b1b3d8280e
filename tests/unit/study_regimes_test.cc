// Leads and crossovers of real algorithms, against every size of a small range.
#include <algorithm>
#include <map>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/study/regimes.h"
#include "sim/study/scratchpad_curve.h"

namespace attnsim::study {
namespace {

Workload small(bool causal = false) {
  Workload w{.heads = 4, .kv_heads = 2, .seqlen_q = 20, .seqlen_kv = 28, .head_dim = 6};
  w.head_dim_v = 6;
  w.causal = causal;
  return w;
}

RegimesRequest request(const Workload& w, SizeRange sizes) {
  RegimesRequest out{.workload = w, .sizes = sizes};
  for (const char* id : {"block_sparse_flash_attention", "flash_attention_1", "flash_attention_2",
                         "outer_product_tiling", "square_tiling", "standard"}) {
    out.algorithms.push_back({.name = id, .tiles = {.rule = TileRule::fit}});
  }
  return out;
}

/// Words at every size; kCannotRun where nothing fits.
using Curves = std::map<std::string, std::vector<std::uint64_t>>;

Curves curves_by_scan(const RegimesRequest& asked) {
  ScratchpadRequest all{
      .workload = asked.workload, .machine = two_level_machine(), .algorithms = asked.algorithms};
  for (std::uint64_t m = asked.sizes.from; m <= asked.sizes.to; ++m) {
    all.capacities.emplace_back(2 * m);
  }
  Curves out;
  for (const CurveSeries& series : scratchpad_series(all)) {
    std::vector<std::uint64_t>& words = out[series.policy];
    words.assign(series.infeasible.size(), kCannotRun);
    for (const CurvePoint& point : series.points) words.push_back(point.total().count / 2);
  }
  return out;
}

/// The least size from which on a never moves more than b; 0 where it is never behind, or not ahead
/// at the end.
std::uint64_t overtakes_at(const std::vector<std::uint64_t>& a, const std::vector<std::uint64_t>& b,
                           std::uint64_t first_size) {
  std::size_t from = a.size();
  while (from > 0 && a[from - 1] <= b[from - 1]) --from;
  bool ahead = false;
  for (std::size_t i = from; i < a.size(); ++i) ahead |= a[i] < b[i];
  return ahead && from > 0 ? first_size + from : 0;
}

std::vector<std::string> least_at(const Curves& curves, std::size_t i) {
  std::uint64_t least = kCannotRun;
  for (const auto& [id, words] : curves) least = std::min(least, words[i]);
  std::vector<std::string> out;
  for (const auto& [id, words] : curves) {
    if (words[i] == least) out.push_back(id);
  }
  return out;
}

auto find_crossover(const Regimes& regimes, const std::string& a, const std::string& b) {
  return std::ranges::find_if(regimes.crossovers, [&](const Crossover& crossover) {
    return crossover.algorithm == a && crossover.over == b;
  });
}

TEST(Regimes, CrossoversAreThoseOfEverySize) {
  for (const bool causal : {false, true}) {
    const RegimesRequest asked = request(small(causal), {24, 900});
    const Regimes regimes = study::regimes(asked);
    const Curves curves = curves_by_scan(asked);
    std::size_t expected = 0;
    for (const auto& [a, of_a] : curves) {
      EXPECT_TRUE(std::ranges::is_sorted(of_a, std::greater<>())) << a;
      if (a == "block_sparse_flash_attention") continue;  // moves what flash_attention_2 does
      for (const auto& [b, of_b] : curves) {
        if (b == "block_sparse_flash_attention") continue;
        const std::uint64_t from = overtakes_at(of_a, of_b, asked.sizes.from);
        if (from == 0) continue;
        ++expected;
        const auto at = find_crossover(regimes, a, b);
        ASSERT_NE(at, regimes.crossovers.end()) << a << " over " << b << " at " << from;
        EXPECT_EQ(at->from.count, from) << a << " over " << b;
        EXPECT_LE(at->first, at->from);
        EXPECT_EQ(at->words.count, of_a[from - asked.sizes.from]);
        EXPECT_EQ(at->over_words.count, of_b[from - asked.sizes.from]);
      }
    }
    EXPECT_GT(expected, 4U);
    EXPECT_EQ(regimes.crossovers.size(), expected);
    EXPECT_TRUE(std::ranges::is_sorted(regimes.crossovers, {}, &Crossover::from));
  }
}

TEST(Regimes, WhoLeadsIsTheLeastUpToTheNextLead) {
  const RegimesRequest asked = request(small(), {24, 900});
  const std::vector<Lead> leads = study::regimes(asked).leads;
  ASSERT_GE(leads.size(), 2U);
  const Curves curves = curves_by_scan(asked);
  for (std::size_t i = 0; i < leads.size(); ++i) {
    const std::uint64_t end = i + 1 < leads.size() ? leads[i + 1].from.count : asked.sizes.to + 1;
    for (std::uint64_t m = leads[i].from.count; m < end; ++m) {
      EXPECT_EQ(std::ranges::count(least_at(curves, m - asked.sizes.from), leads[i].algorithm), 1)
          << m;
    }
    if (i == 0) continue;
    EXPECT_EQ(std::ranges::count(least_at(curves, leads[i].from.count - asked.sizes.from),
                                 leads[i - 1].algorithm),
              0)
        << "it changes only where it must";
  }
}

TEST(Regimes, PointsLieBetweenBoundAndEverySeries) {
  RegimesRequest asked = request(small(), {24, 900});
  asked.best_nest = true;
  const Regimes regimes = study::regimes(asked);
  EXPECT_EQ(regimes.series.back().policy, kBestNest);
  EXPECT_EQ(regimes.series.back().tiles.size(), regimes.sizes.size());
  ASSERT_EQ(regimes.points.size(), regimes.sizes.size());
  for (std::size_t i = 0; i < regimes.points.size(); ++i) {
    const RegimePoint& point = regimes.points[i];
    EXPECT_GE(point.over_bound(), 1.0);
    for (const BoundSeries& bound : regimes.bounds) EXPECT_LE(bound.words[i], point.bound_words);
    for (const CurveSeries& series : regimes.series) {
      for (const CurvePoint& at : series.points) {
        if (at.capacity.count == 2 * point.m_words.count) {
          EXPECT_GE(at.total().count, 2 * point.words.count) << series.policy;
        }
      }
    }
  }
}

/// two_kernel_backward forms scores twice: LB3-norec does not hold for it.
TEST(Regimes, BoundsAreThoseOfTheClasses) {
  Workload w = small();
  w.pass = Pass::backward;
  RegimesRequest asked{.workload = w, .sizes = {100, 400}};
  asked.algorithms = {{.name = "two_kernel_backward", .tiles = {.rule = TileRule::fit}}};
  const auto has = [&](const std::string& id) {
    const Regimes regimes = study::regimes(asked);
    return std::ranges::count(regimes.bounds, id, &BoundSeries::id) == 1;
  };
  EXPECT_TRUE(has("LB3-rec"));
  EXPECT_FALSE(has("LB3-norec"));
  asked.algorithms.push_back({.name = "flash_attention_2", .tiles = {.rule = TileRule::fit}});
  EXPECT_TRUE(has("LB3-norec"));
  asked.best_nest = true;
  EXPECT_THROW(study::regimes(asked), UserError);
}

/// With a mask `fit` looks at every pair of sizes, or at multiples where they are too many.
TEST(Regimes, CoarseTilesAreNotCompared) {
  Workload w{.seqlen_q = 3000, .seqlen_kv = 3000, .head_dim = 1, .head_dim_v = 1, .causal = true};
  RegimesRequest asked{.workload = w, .sizes = {300000, 300001}, .step_percent = 100};
  for (const char* id : {"flash_attention_1", "flash_attention_2"}) {
    asked.algorithms.push_back({.name = id, .tiles = {.rule = TileRule::fit}});
  }
  const Regimes regimes = study::regimes(asked);
  EXPECT_FALSE(regimes.series[0].points.empty());
  EXPECT_FALSE(regimes.series[1].points.empty());
  EXPECT_TRUE(regimes.leads.empty());
}

TEST(Regimes, BlockMasksAreRefused) {
  RegimesRequest asked = request(small(), {24, 30});
  asked.workload.mask.emplace();
  EXPECT_THROW(study::regimes(asked), UserError);
}

TEST(SizeGrid, HoldsBothEndsAndThePowersOfTwo) {
  using Grid = std::vector<Words>;
  EXPECT_EQ(size_grid({60, 70}, 5), (Grid{Words(60), Words(64), Words(68), Words(70)}));
  EXPECT_EQ(size_grid({100, 1000}, 100), (Grid{Words(100), Words(128), Words(201), Words(256),
                                               Words(403), Words(512), Words(807), Words(1000)}));
  EXPECT_EQ(size_grid({7, 7}, 5), (Grid{Words(7)}));
}

}  // namespace
}  // namespace attnsim::study
