// A validation in every format, and read back from its JSON.
#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/config/validation_files.h"
#include "sim/report/validation.h"
#include "sim/study/validation_drift.h"
#include "tests/unit/config_fixture.h"
#include "tests/unit/validation_fixture.h"

namespace attnsim::report {
namespace {

using nlohmann::json;

ValidationReport example() {
  Measurement twice = study::measurement("twice, quoted", 0.5);
  twice.workload.causal = true;
  Measurement bytes = study::measurement("bytes", 4);
  bytes.metric = Metric::gb_dram;
  Measurement closed = study::measurement("closed", 1);
  closed.algorithm = "cudnn";
  study::ValidationRequest request =
      study::request_for({study::measurement("exact", 1), twice, bytes, closed});
  request.fitted = {"exact"};
  return study::validate(request, [](const RunSpec&) {
    study::Prediction out;
    out.seconds = 1e-3;
    out.dram_bytes = 5e9;
    return out;
  });
}

TEST(ValidationJson, HasTheFieldsThatScriptsRelyOn) {
  const json out = json::parse(to_json(example()));
  EXPECT_EQ(out.at("schema_version"), 1);
  EXPECT_EQ(out.at("rows"), 4);
  EXPECT_EQ(out.at("reference_rows"), 3);
  const json& overall = out.at("overall");
  EXPECT_EQ(overall.at("n"), 2);
  EXPECT_NEAR(overall.at("coverage").get<double>(), 2.0 / 3, 1e-12);
  EXPECT_NEAR(overall.at("median").get<double>(), std::log(2.0) / 2, 1e-12);
  for (const char* key : {"mape", "p90", "bias"}) EXPECT_TRUE(overall.at(key).is_number()) << key;
  const json& series = out.at("series");
  ASSERT_EQ(series.size(), 2U);
  EXPECT_EQ(series[1].at("source"), "paper");
  EXPECT_EQ(series[1].at("algorithm"), "flash_attention_2");
  EXPECT_EQ(series[1].at("variant"), "released");
  EXPECT_EQ(series[1].at("hardware"), "gpu");
  EXPECT_EQ(series[1].at("pass"), "forward");
  EXPECT_EQ(series[1].at("head_dim"), 64);
  EXPECT_EQ(series[1].at("causal"), true);
  EXPECT_EQ(series[1].at("reference"), true);
  EXPECT_EQ(series[1].at("n"), 1);
  EXPECT_NEAR(series[1].at("worst").get<double>(), 1, 1e-12);
  EXPECT_EQ(series[1].at("worst_id"), "twice, quoted");
  ASSERT_EQ(out.at("unsupported").size(), 1U);
  EXPECT_EQ(out.at("unsupported")[0].at("reason"), "unknown algorithm id 'cudnn'");
  EXPECT_EQ(out.at("unsupported")[0].at("n"), 1);
  const json& point = out.at("points").at(1);
  EXPECT_EQ(point.at("id"), "twice, quoted");
  EXPECT_EQ(point.at("reference"), true);
  EXPECT_DOUBLE_EQ(point.at("predicted_s").get<double>(), 1e-3);
  EXPECT_DOUBLE_EQ(point.at("measured_s").get<double>(), 0.5e-3);
  EXPECT_NEAR(point.at("error").get<double>(), 1, 1e-12);
  EXPECT_EQ(out.at("bytes").at(0).at("predicted"), 5);
  EXPECT_TRUE(out.at("counters").empty());
}

TEST(ValidationJson, FiguresOfNothingAreNull) {
  const json out = json::parse(to_json(ValidationReport()));
  EXPECT_TRUE(out.at("overall").at("median").is_null());
  EXPECT_EQ(out.at("overall").at("n"), 0);
  EXPECT_EQ(out.at("overall").at("coverage"), 0);
}

class ValidationFile : public config::ConfigFolder {};

TEST_F(ValidationFile, ReadsBackWithEveryFigure) {
  const ValidationReport report = example();
  write("table.json", to_json(report));
  const study::DriftReport same =
      study::compare_validations(config::load_validation("table.json"), report);
  EXPECT_GT(same.figures, 20U);
  for (const study::Drift& drift : same.drifts) ADD_FAILURE() << drift.text();
}

TEST_F(ValidationFile, TellsWhatIsMissing) {
  write("table.json", R"({"rows": 1, "reference_rows": -1, "overall": {"n": 0}})");
  try {
    config::load_validation("table.json");
    FAIL() << "accepted";
  } catch (const UserError& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("table.json:1:31: reference_rows: expected an integer of at least 0, got "
                        "'-1'"),
              std::string::npos)
        << what;
    EXPECT_NE(what.find("missing key 'points' (a list)"), std::string::npos) << what;
    EXPECT_NE(what.find("overall.median: expected a number"), std::string::npos) << what;
  }
}

TEST(ValidationCsv, HasALinePerPoint) {
  EXPECT_EQ(to_csv(example()),
            "id,source,algorithm,variant,hardware,pass,head_dim,causal,reference,fitted,seqlen_q,"
            "seqlen_kv,predicted_s,measured_s,error\n"
            "exact,paper,flash_attention_2,released,gpu,forward,64,0,1,1,1024,1024,0.001,0.001,0\n"
            "\"twice, quoted\",paper,flash_attention_2,released,gpu,forward,64,1,1,0,1024,1024,"
            "0.001,0.0005,1\n");
}

TEST(ValidationTable, ShowsOverallGroupsSeriesAndReasons) {
  const std::string text = to_table(example());
  EXPECT_TRUE(
      text.starts_with("4 rows; of 3 reference rows of time or rate 2 predicted: coverage 66.7 %\n"
                       "median 34.7 %, mape 34.7 %, p90 62.4 %, bias +34.7 %\n"))
      << text;
  for (const char* part :
       {"flash attention 1-3, all sources   all       2  34.7 %",
        "flash attention 1-3, all sources   fitted    1   0.0 %",
        "  flash_attention_2 (released)  gpu       forward  64  causal    1  69.3 %",
        "bytes     gb_dram          5         4  +25.0 %",
        "          1          1  unknown algorithm id 'cudnn'"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in\n" << text;
  }
  EXPECT_EQ(text.find("standard"), std::string::npos) << "groups without rows are left out";
}

TEST(CorrelationPlot, HasAMarkPerReferenceRowAndThreeLines) {
  const Plot plot = correlation_plot(example());
  EXPECT_EQ(plot.unit, PlotUnit::seconds);
  ASSERT_EQ(plot.series.size(), 4U);
  EXPECT_EQ(plot.series[0].label, "flash_attention_2");
  ASSERT_EQ(plot.series[0].points.size(), 2U);
  EXPECT_DOUBLE_EQ(plot.series[0].points[1].x, 0.5e-3) << "measured";
  EXPECT_DOUBLE_EQ(plot.series[0].points[1].y, 1e-3) << "predicted";
  EXPECT_EQ(plot.series[1].style, PlotStyle::line);
  EXPECT_DOUBLE_EQ(plot.series[1].points[0].y, 1.25 * 0.5e-3);
  EXPECT_DOUBLE_EQ(plot.series[2].points[1].y, 1e-3);
  EXPECT_DOUBLE_EQ(plot.series[3].points[1].y, 0.75e-3);
  EXPECT_TRUE(correlation_plot(ValidationReport()).series.empty());
}

TEST(Svg, SecondsAreTickedInPowersOfTenAndALineHasNoMarks) {
  Plot plot{.title = "", .x_label = "", .y_label = "", .unit = PlotUnit::seconds};
  plot.series = {{.label = "l", .style = PlotStyle::line, .points = {{2e-6, 5e-4}, {3e-3, 2}}}};
  const std::string svg = to_svg(plot);
  for (const char* tick : {">1 us<", ">10 us<", ">100 us<", ">1 ms<", ">10 ms<", ">10 s<"}) {
    EXPECT_NE(svg.find(tick), std::string::npos) << tick;
  }
  EXPECT_EQ(svg.find("<circle"), std::string::npos);
}

}  // namespace
}  // namespace attnsim::report
