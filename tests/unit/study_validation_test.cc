// Scores worked out by hand, with a model that is a formula.
#include <cmath>
#include <stdexcept>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/study/error_statistics.h"
#include "sim/study/validation.h"
#include "tests/unit/validation_fixture.h"

namespace attnsim::study {
namespace {

/// 1 ms, whatever runs; standard takes 3 ms.
Prediction one_millisecond(const RunSpec& run) {
  Prediction out;
  out.seconds = run.algorithm.name == "standard" ? 3e-3 : 1e-3;
  out.dram_bytes = 5e9;
  out.matrix_utilisation = 0.4;
  return out;
}

TEST(Quantile, InterpolatesBetweenNeighbours) {
  EXPECT_DOUBLE_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_DOUBLE_EQ(quantile({4, 1, 2, 3}, 0.5), 2.5);
  EXPECT_DOUBLE_EQ(quantile({0, 10}, 0.9), 9);
  EXPECT_DOUBLE_EQ(quantile({7}, 0.9), 7);
  EXPECT_DOUBLE_EQ(quantile({1, 2, 3, 4, 5}, 0.9), 4.6);
  EXPECT_DOUBLE_EQ(quantile({1, 2}, 1), 2);
}

/// Predicted 1 ms; measured 1, 0.8, 2 ms: ln of the ratio 0, 0.2231, -0.6931.
TEST(Validate, ScoresByHand) {
  const ValidationReport report = validate(
      request_for({measurement("exact", 1), measurement("slow", 0.8), measurement("fast", 2)}),
      one_millisecond);
  const double slow = std::log(1.25), fast = std::log(2.0);
  ASSERT_EQ(report.points.size(), 3U);
  EXPECT_DOUBLE_EQ(report.points[1].error(), 0.25);
  EXPECT_DOUBLE_EQ(report.points[2].error(), -0.5);
  EXPECT_EQ(report.overall.n, 3U);
  EXPECT_NEAR(report.overall.median, slow, 1e-12);
  EXPECT_NEAR(report.overall.mape, (slow + fast) / 3, 1e-12);
  EXPECT_NEAR(report.overall.p90, slow + 0.8 * (fast - slow), 1e-12);
  EXPECT_NEAR(report.overall.bias, (slow - fast) / 3, 1e-12);
  EXPECT_EQ(report.coverage(), 1);
  ASSERT_EQ(report.series.size(), 1U);
  EXPECT_EQ(report.series[0].worst_id, "fast");
  EXPECT_DOUBLE_EQ(report.series[0].worst, -0.5);
}

/// 4 * 1024^2 * 64 FLOPs are 0.268 GFLOP: at 0.268 TFLOP/s a millisecond.
TEST(Validate, RatesBecomeSeconds) {
  Measurement rate = measurement("rate", 0.268435456);
  rate.metric = Metric::tflops;
  const ValidationReport report = validate(request_for({rate}), one_millisecond);
  ASSERT_EQ(report.points.size(), 1U);
  EXPECT_DOUBLE_EQ(report.points[0].measured_s, 1e-3);
  EXPECT_NEAR(report.points[0].error(), 0, 1e-12);
}

TEST(Validate, OnlyReferenceRowsOfTimeOrRateAreInOverall) {
  Measurement other = measurement("other", 5);
  other.reference = false;
  Measurement bytes = measurement("bytes", 4);
  bytes.metric = Metric::gb_dram;
  Measurement counter = measurement("counter", 50);
  counter.metric = Metric::matrix_unit_util_pct;
  Measurement shared = measurement("shared", 50);
  shared.metric = Metric::lds_util_pct;
  Measurement speedup = measurement("speedup", 2);
  speedup.metric = Metric::speedup;
  speedup.params = {{"baseline", "standard"}};
  counter.reference = shared.reference = speedup.reference = false;
  const ValidationReport report = validate(
      request_for({measurement("a", 1), other, bytes, counter, shared, speedup}), one_millisecond);
  EXPECT_EQ(report.overall.n, 1U);
  EXPECT_EQ(report.reference, 1U);
  EXPECT_EQ(report.points.size(), 2U);
  EXPECT_EQ(report.series.size(), 2U) << "reference or not is part of a series";
  ASSERT_EQ(report.bytes.size(), 1U);
  EXPECT_DOUBLE_EQ(report.bytes[0].predicted, 5);
  EXPECT_DOUBLE_EQ(report.bytes[0].error(), 0.25);
  ASSERT_EQ(report.counters.size(), 1U);
  EXPECT_DOUBLE_EQ(report.counters[0].predicted, 40);
  ASSERT_EQ(report.speedups.size(), 1U);
  EXPECT_DOUBLE_EQ(report.speedups[0].predicted, 3);
  ASSERT_EQ(report.unsupported.size(), 1U);
  EXPECT_EQ(report.unsupported[0].reason, "no estimate of lds_util_pct");
}

/// Every row is a point, a compared value, or counted under a reason.
TEST(Validate, NoRowIsDropped) {
  std::vector<Measurement> rows;
  for (const char* id : {"a", "b", "c", "d", "e"}) rows.push_back(measurement(id, 1));
  rows[0].algorithm = rows[1].algorithm = "cudnn";
  rows[0].reference = false;
  rows[2].hardware = "b200";
  const auto predict = [](const RunSpec& run) -> Prediction {
    if (run.workload.head_dim == 65) throw UserError("no tiles");
    if (run.workload.head_dim == 66) return {};
    return one_millisecond(run);
  };
  rows[3].workload.head_dim = 65;
  rows.push_back(measurement("f", 1));
  rows.back().workload.head_dim = 66;
  const ValidationReport report = validate(request_for(rows), predict);
  EXPECT_EQ(report.rows, 6U);
  EXPECT_EQ(report.points.size(), 1U);
  ASSERT_EQ(report.unsupported.size(), 4U);
  EXPECT_EQ(report.unsupported[0].reason, "unknown algorithm id 'cudnn'") << "most frequent first";
  EXPECT_EQ(report.unsupported[0].n, 2U);
  EXPECT_EQ(report.unsupported[0].reference, 1U);
  EXPECT_EQ(report.unsupported[1].reason, "no preset for hardware 'b200'");
  EXPECT_EQ(report.unsupported[2].reason, "no tiles");
  EXPECT_EQ(report.unsupported[3].reason, "no time estimate");
  EXPECT_DOUBLE_EQ(report.coverage(), 1.0 / 5);
}

TEST(Validate, HostOverheadIsAddedToEveryTime) {
  ValidationRequest request = request_for({measurement("a", 1.5)});
  request.rules = {rule_for_all()};
  request.rules[0].host_overhead = 0.5e-3;
  const ValidationReport report = validate(request, one_millisecond);
  EXPECT_NEAR(report.points[0].error(), 0, 1e-12);
}

const GroupRow& group(const ValidationReport& report, const std::string& name,
                      const std::string& rows) {
  for (const GroupRow& row : report.groups) {
    if (row.group == name && row.rows == rows) return row;
  }
  throw std::runtime_error("no group " + name);
}

TEST(Validate, GroupsTellFittedRowsAndStatedConditionsApart) {
  Measurement elsewhere = measurement("elsewhere", 4);
  elsewhere.source = "blog";
  Measurement short_one = measurement("short", 8);
  short_one.workload.seqlen_q = short_one.workload.seqlen_kv = 511;
  Measurement standard = measurement("standard", 6);
  standard.algorithm = "standard";
  standard.source = "blog";
  ValidationRequest request = request_for(
      {measurement("fitted", 1), measurement("free", 2), elsewhere, short_one, standard});
  request.rules = {rule_for_all()};
  request.rules[0].conditions_stated = true;
  request.fitted = {"fitted"};
  const ValidationReport report = validate(request, one_millisecond);
  const char* stated = "flash attention 1-3, conditions stated";
  const char* all = "flash attention 1-3, all sources";
  EXPECT_EQ(group(report, stated, "all").errors.n, 2U);
  EXPECT_EQ(group(report, stated, "fitted").errors.n, 1U);
  EXPECT_NEAR(group(report, stated, "fitted").errors.median, 0, 1e-12);
  EXPECT_EQ(group(report, stated, "unfitted").worst_id, "free");
  EXPECT_EQ(group(report, all, "all").errors.n, 3U) << "511 tokens are too short";
  EXPECT_EQ(group(report, all, "unfitted").worst_id, "elsewhere");
  EXPECT_EQ(group(report, "standard", "all").errors.n, 1U);
  EXPECT_EQ(group(report, "standard", "fitted").errors.n, 0U);
  EXPECT_TRUE(std::isnan(group(report, "standard", "fitted").errors.median));
}

TEST(Validate, TheNumberOfThreadsChangesNothing) {
  std::vector<Measurement> rows;
  for (int i = 1; i <= 50; ++i) rows.push_back(measurement("r" + std::to_string(i), 0.1 * i));
  ValidationRequest request = request_for(rows);
  request.jobs = 1;
  const ValidationReport one = validate(request, one_millisecond);
  request.jobs = 7;
  const ValidationReport seven = validate(request, one_millisecond);
  EXPECT_EQ(one.overall.p90, seven.overall.p90);
  ASSERT_EQ(one.points.size(), seven.points.size());
  for (std::size_t i = 0; i < one.points.size(); ++i) {
    EXPECT_EQ(one.points[i].id, seven.points[i].id);
  }
}

TEST(Validate, ABugOfTheModelIsNoReason) {
  const auto predict = [](const RunSpec&) -> Prediction { throw InternalError("bug"); };
  EXPECT_THROW(validate(request_for({measurement("a", 1)}), predict), InternalError);
}

}  // namespace
}  // namespace attnsim::study
