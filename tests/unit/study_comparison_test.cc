// Runs side by side: which is the best, and which cannot be.
#include <gtest/gtest.h>

#include "sim/core/two_level.h"
#include "sim/study/comparison.h"

namespace attnsim::study {
namespace {

/// A head of 64 tokens on so many words of scratchpad.
ComparedRun compared(const std::string& workload, const std::string& algorithm,
                     std::uint64_t words) {
  ComparedRun out{.workload = workload, .hardware = "two_level", .algorithm = algorithm};
  out.run.machine = two_level_machine(words);
  out.run.algorithm = {.name = algorithm, .tiles = {.rule = TileRule::fit}};
  out.run.workload = {.batch = 1,
                      .heads = 1,
                      .kv_heads = 1,
                      .seqlen_q = 64,
                      .seqlen_kv = 64,
                      .head_dim = 16,
                      .head_dim_v = 16};
  return out;
}

TEST(Comparison, RatiosAreToTheBestOfTheWorkload) {
  const ComparisonReport report =
      compare({compared("a", "standard", 4096), compared("a", "flash_attention_2", 4096),
               compared("b", "standard", 4096)},
              false, 2);
  ASSERT_EQ(report.rows.size(), 3U);
  EXPECT_EQ(report.rows[0].algorithm, "standard");
  EXPECT_TRUE(report.rows[1].best());
  EXPECT_DOUBLE_EQ(*report.rows[0].over_best,
                   static_cast<double>(report.rows[0].summary.bytes) /
                       static_cast<double>(report.rows[1].summary.bytes));
  EXPECT_GT(*report.rows[0].over_best, 1);
  EXPECT_TRUE(report.rows[2].best()) << "alone in its workload";
}

TEST(Comparison, TimesComeBeforeBytesAndOnlyAmongThoseThatHaveOne) {
  std::vector<ComparedRun> runs = {compared("a", "standard", 4096),
                                   compared("a", "flash_attention_2", 4096)};
  MachineSpec& machine = runs[0].run.machine;
  machine.clock = 1e9;
  machine.units.vector = 1e12;
  machine.units.exp = 1e12;
  machine.units.matrix[DType::f16] = 1e12;
  machine.memories.back().bandwidth = 1e12;
  const ComparisonReport report = compare(runs, true, 1);
  ASSERT_TRUE(report.rows[0].summary.seconds) << report.rows[0].summary.no_time;
  EXPECT_TRUE(report.rows[0].best());
  EXPECT_FALSE(report.rows[1].over_best) << "no time to compare";
  EXPECT_NE(report.rows[1].summary.no_time, "");
}

TEST(Comparison, WhatHasNoResultOrDoesNotFitIsNeverTheBest) {
  ComparedRun over = compared("a", "flash_attention_2", 64);
  over.run.algorithm.tiles = {.rule = TileRule::explicit_sizes, .sizes = {{"Br", 64}, {"Bc", 64}}};
  const ComparisonReport report = compare(
      {compared("a", "flash_attention_2", 8), over, compared("a", "standard", 128)}, false, 1);
  EXPECT_NE(report.rows[0].summary.no_result, "");
  EXPECT_FALSE(report.rows[0].over_best);
  EXPECT_FALSE(report.rows[1].summary.fits);
  EXPECT_FALSE(report.rows[1].over_best);
  EXPECT_TRUE(report.rows[2].best());
}

}  // namespace
}  // namespace attnsim::study
