// SVG: what stands where.
#include <gtest/gtest.h>

#include "sim/report/plot.h"

namespace attnsim::report {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t n = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++n;
  return n;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

constexpr double kKiB = 1024;

Plot example() {
  return {.title = "a < b & c",
          .subtitle = "second line",
          .x_label = "capacity",
          .y_label = "bytes",
          .series = {{.label = "lru",
                      .style = PlotStyle::steps,
                      .points = {{kKiB, 4 * kKiB}, {2 * kKiB, 2 * kKiB}, {4 * kKiB, kKiB}}},
                     {.label = "opt", .style = PlotStyle::marks, .points = {{2 * kKiB, kKiB}}}}};
}

TEST(Svg, IsOneDocumentOnAWhiteGround) {
  const std::string svg = to_svg(example());
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox="));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_TRUE(has(svg, "fill=\"#ffffff\"/>"));
  EXPECT_TRUE(has(svg, "<title>a &lt; b &amp; c</title>"));
  EXPECT_TRUE(has(svg, ">second line</text>"));
  EXPECT_TRUE(has(svg, ">lru</text>"));
  EXPECT_TRUE(has(svg, ">opt</text>"));
  EXPECT_EQ(count(svg, "<text"), count(svg, "</text>"));
  EXPECT_EQ(svg, to_svg(example()));
}

TEST(Svg, AxesAreWholePowersOfTwoWithUnits) {
  const std::string svg = to_svg(example());
  for (const char* tick : {">1 KiB</text>", ">2 KiB</text>", ">4 KiB</text>"}) {
    EXPECT_EQ(count(svg, tick), 2U) << tick << " on both axes";
  }
  EXPECT_FALSE(has(svg, ">8 KiB</text>"));
}

/// The drawing area is 530 wide from 90 and 300 high from 60.
TEST(Svg, StepsHoldUpToTheNextPointAndTheLastToTheEdge) {
  EXPECT_TRUE(has(to_svg(example()), "<path d=\"M90.0 60.0H355.0V210.0H620.0V360.0H620.0\""));
}

TEST(Svg, MarksAreCirclesWithoutALine) {
  const std::string svg = to_svg(example());
  EXPECT_TRUE(has(svg, "<circle cx=\"355.0\" cy=\"360.0\""));
  Plot joined = example();
  joined.series[1].style = PlotStyle::marked_line;
  joined.series[1].points.push_back({4 * kKiB, 2 * kKiB});
  EXPECT_TRUE(has(to_svg(joined), "<path d=\"M355.0 360.0L620.0 210.0\""));
}

TEST(Svg, LinesHaveNoMarksAndDottedOnesAreThin) {
  Plot plot = example();
  plot.series = {{.label = "a", .style = PlotStyle::line, .points = {{1, 4}, {4, 1}}},
                 {.label = "b", .style = PlotStyle::dotted_line, .points = {{1, 2}, {4, 1}}}};
  const std::string svg = to_svg(plot);
  EXPECT_TRUE(has(svg, "<path d=\"M90.0 60.0L620.0 360.0\""));
  EXPECT_EQ(count(svg, "<circle"), 0U);
  EXPECT_EQ(count(svg, "stroke-width=\"1.5\" stroke-dasharray=\"2 3\""), 2U) << "line and legend";
}

TEST(Svg, WordsHaveNoUnit) {
  Plot plot = example();
  plot.unit = PlotUnit::words;
  const std::string svg = to_svg(plot);
  EXPECT_EQ(count(svg, ">1 Ki</text>"), 2U);
  plot.series[0].points = {{1, 2}};
  EXPECT_TRUE(has(to_svg(plot), ">1</text>"));
}

TEST(Svg, RingsAndRulesStandWhereTheySay) {
  Plot plot = example();
  plot.rings = {{2 * kKiB, 2 * kKiB, "a & b"}};
  plot.rules = {{2 * kKiB, "here"}};
  const std::string svg = to_svg(plot);
  EXPECT_TRUE(has(svg, "<circle cx=\"355.0\" cy=\"210.0\" r=\"6\" fill=\"none\""));
  EXPECT_TRUE(has(svg, "<title>a &amp; b</title></circle>"));
  EXPECT_TRUE(has(svg, "<path d=\"M355.0 60V360\" stroke=\"#888\""));
  EXPECT_TRUE(has(svg, ">here</text>"));
}

TEST(Svg, IsAsHighAsItsLegend) {
  Plot plot = example();
  EXPECT_TRUE(has(to_svg(plot), "viewBox=\"0 0 860 420\""));
  for (int i = 0; i < 18; ++i) plot.series.push_back(plot.series[1]);
  EXPECT_TRUE(has(to_svg(plot), "viewBox=\"0 0 860 560\"")) << "60 + 20 rows of 22 + 60";
}

TEST(Svg, WhatFallsOnOnePlaceIsDrawnOnce) {
  Plot plot = example();
  plot.series[0].points.clear();
  for (int i = 0; i < 100000; ++i) {
    plot.series[0].points.push_back({kKiB * (1 + 3e-5 * i), 4 * kKiB - 0.03 * i});
  }
  EXPECT_LT(to_svg(plot).size(), 100000U);
}

TEST(Svg, NothingAndWhatHasNoLogarithm) {
  EXPECT_TRUE(
      to_svg({.title = "", .x_label = "", .y_label = "", .series = {}}).ends_with("</svg>\n"));
  Plot plot = example();
  plot.series[0].points = {{0, 1}, {1, 0}};
  const std::string svg = to_svg(plot);
  EXPECT_FALSE(has(svg, "nan"));
  EXPECT_FALSE(has(svg, "inf"));
  EXPECT_TRUE(has(svg, "<circle"));
}

}  // namespace
}  // namespace attnsim::report
