// What moved between two validations.
#include <gtest/gtest.h>

#include "sim/study/validation_drift.h"
#include "tests/unit/validation_fixture.h"

namespace attnsim::study {
namespace {

/// Two rows of 1 ms; the prediction for both is `seconds`.
ValidationReport report_of(double seconds) {
  const auto predict = [seconds](const RunSpec&) {
    Prediction out;
    out.seconds = seconds;
    return out;
  };
  Measurement closed = measurement("closed", 1);
  closed.algorithm = "cudnn";
  return validate(request_for({measurement("a", 1), measurement("b", 1), closed}), predict);
}

std::string drifts(const ValidationReport& before, const ValidationReport& after) {
  std::string out;
  for (const Drift& drift : compare_validations(before, after).drifts) out += drift.text() + "\n";
  return out;
}

TEST(Drift, EqualReportsAgreeInEveryFigure) {
  const DriftReport same = compare_validations(report_of(1.1e-3), report_of(1.1e-3));
  EXPECT_TRUE(same.drifts.empty());
  EXPECT_GT(same.figures, 20U);
  EXPECT_EQ(drifts(report_of(1.1e-3), report_of(1.1e-3 * 1.004)), "") << "within half a percent";
}

TEST(Drift, SaysWhatWasAndWhatIs) {
  const std::string text = drifts(report_of(1e-3), report_of(1.02e-3));
  EXPECT_NE(text.find("row a.predicted_s: 0.001 before, 0.00102 now\n"), std::string::npos) << text;
  EXPECT_NE(text.find("overall.median: 0 before, 0.0198026 now\n"), std::string::npos) << text;
  EXPECT_EQ(text.find(".n:"), std::string::npos) << "no count moved";
}

TEST(Drift, CountsMustBeEqualAndNothingMayGo) {
  const ValidationReport before = report_of(1e-3);
  ValidationReport after = before;
  after.points.pop_back();
  after.unsupported[0].n = 2;
  after.unsupported[0].reason = "unknown";
  summarise(after);
  const std::string text = drifts(before, after);
  EXPECT_NE(text.find("overall.n: 2 before, 1 now\n"), std::string::npos) << text;
  EXPECT_NE(text.find("row b.predicted_s: 0.001 before, nothing now\n"), std::string::npos) << text;
  EXPECT_NE(text.find("unsupported unknown: nothing before, 2 now\n"), std::string::npos) << text;
  EXPECT_NE(text.find("unsupported unknown algorithm id 'cudnn': 1 before, nothing now\n"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace attnsim::study
