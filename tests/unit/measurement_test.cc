// The FLOP rule by which rates become seconds, and the patterns of rules.
#include "sim/core/measurement.h"

#include <gtest/gtest.h>

#include "sim/core/source_rule.h"

namespace attnsim {
namespace {

Measurement row(Metric metric, double value) {
  Measurement m;
  m.workload.batch = 2;
  m.workload.heads = 8;
  m.workload.seqlen_q = 1000;
  m.workload.seqlen_kv = 500;
  m.workload.head_dim = m.workload.head_dim_v = 50;
  m.metric = metric;
  m.value = value;
  return m;
}

/// 4 * 2 * 8 * 1000 * 500 * 50 = 1.6e9 forward.
TEST(FlopRule, ForwardBackwardAndCausal) {
  Workload w = row(Metric::tflops, 1).workload;
  EXPECT_DOUBLE_EQ(convention_flops(w), 1.6e9);
  w.pass = Pass::backward;
  EXPECT_DOUBLE_EQ(convention_flops(w), 4.0e9);
  w.pass = Pass::forward_backward;
  EXPECT_DOUBLE_EQ(convention_flops(w), 5.6e9);
  w.causal = true;
  EXPECT_DOUBLE_EQ(convention_flops(w), 2.8e9);
  w.pass = Pass::forward;
  w.head_dim_v = 150;  // 2 (50 + 150) in place of 4 * 50
  EXPECT_DOUBLE_EQ(convention_flops(w), 1.6e9);
}

TEST(MeasuredSeconds, OfTimesAndRates) {
  EXPECT_DOUBLE_EQ(measured_seconds(row(Metric::runtime_ms, 2.5)), 2.5e-3);
  EXPECT_DOUBLE_EQ(measured_seconds(row(Metric::tflops, 100)), 1.6e9 / 1e14);
  EXPECT_DOUBLE_EQ(measured_seconds(row(Metric::tops, 100)), 1.6e9 / 1e14);
  for (const Metric metric : {Metric::latency_ms, Metric::speedup, Metric::gb_dram,
                              Metric::matrix_unit_util_pct, Metric::lds_util_pct}) {
    EXPECT_FALSE(is_operator_time(metric)) << name(metric);
  }
}

TEST(Patterns, AStarStandsForAnyText) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("abc", "abc"));
  EXPECT_TRUE(matches("a*c", "abbbc"));
  EXPECT_TRUE(matches("a*b*c", "aXbbYc"));
  EXPECT_TRUE(matches("*ab", "aab"));
  EXPECT_TRUE(matches("a**", "a"));
  EXPECT_FALSE(matches("abc", "abcd"));
  EXPECT_FALSE(matches("a*c", "abcd"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("ab*", "a"));
}

TEST(Rules, TheFirstMatchHoldsAndABaselineIsOneThatRuns) {
  SourceRule closed, open, other;
  closed.source = open.source = "s";
  closed.algorithm = open.algorithm = "standard";
  closed.variant = "old";
  closed.unsupported = "unknown";
  open.variant = "new";
  open.simulate = "standard";
  other.simulate = "any";
  const std::vector<SourceRule> rules = {closed, open, other};
  EXPECT_EQ(find_rule(rules, "s", "standard", "old", "h"), &rules[0]);
  EXPECT_EQ(find_rule(rules, "s", "standard", "new", "h"), &rules[1]);
  EXPECT_EQ(find_rule(rules, "t", "standard", "new", "h"), &rules[2]);
  EXPECT_EQ(find_baseline_rule(rules, "s", "standard", "h"), &rules[1]);
  EXPECT_EQ(find_baseline_rule({closed}, "s", "standard", "h")->unsupported, "unknown");
  EXPECT_EQ(find_rule({closed}, "t", "standard", "old", "h"), nullptr);
}

TEST(Rules, MayAskWhereInItsSourceARowStands) {
  SourceRule figure, any;
  figure.ref = "Figure 2*";
  const std::vector<SourceRule> rules = {figure, any};
  EXPECT_EQ(find_rule(rules, "s", "a", "v", "h", {.ref = "Figure 2-left"}), &rules[0]);
  EXPECT_EQ(find_rule(rules, "s", "a", "v", "h", {.ref = "Table 12"}), &rules[1]);
  EXPECT_EQ(find_rule(rules, "s", "a", "v", "h"), &rules[1]);
}

}  // namespace
}  // namespace attnsim
