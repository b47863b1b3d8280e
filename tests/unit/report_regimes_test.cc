// Regimes in every format.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/report/regimes.h"

namespace attnsim::report {
namespace {

using nlohmann::json;

/// Two algorithms and two bounds at M = 64 and 100; words of two bytes.
Regimes example() {
  Regimes r{.workload = "seqlen 16", .word_bytes = 2, .head_dim = 10};
  r.sizes = {Words(64), Words(100)};
  r.series = {
      {.policy = "a",
       .points = {{Bytes(200), Bytes(3000), Bytes(1000)}},
       .tiles = {"Br 4"},
       .infeasible = {{Bytes(128), "too large"}}},
      {.policy = "b",
       .points = {{Bytes(128), Bytes(5000), Bytes(1000)}, {Bytes(200), Bytes(4000), Bytes(800)}},
       .tiles = {"b 1", "b 2"}}};
  r.bounds = {{.id = "LB0", .words = {500, 500}}, {.id = "LB2", .words = {1500, 800}}};
  r.points = {{Words(64), "b", Words(3000), "LB2", 1500},
              {Words(100), "a", Words(2000), "LB2", 800}};
  r.leads = {{"b", Words(64), Words(3000)}, {"a", Words(90), Words(2500)}};
  r.crossovers = {{"a", "b", Words(90), Words(80), Words(2500), Words(2600)}};
  return r;
}

TEST(RegimesReport, Table) {
  EXPECT_EQ(to_table(example()),
            "seqlen 16\n"
            "words moved through a scratchpad of M words on the two-level machine, each with its "
            "best tiles\n"
            "\n"
            "M                               64\n"
            "M / head_dim^2                0.64\n"
            "a                                -\n"
            "b                           3.00 k\n"
            "LB0                            500\n"
            "LB2                         1.50 k\n"
            "largest bound of the least     LB2\n"
            "least over it                x2.00\n"
            "\n"
            "moves least  from M  M / head_dim^2  words\n"
            "b                64            0.64  3,000\n"
            "a                90             0.9  2,500\n"
            "\n"
            "moves no more  than  from M  M / head_dim^2  first at M  words  against\n"
            "a              b         90             0.9          80  2,500    2,600\n"
            "\n"
            "least I/O over its largest lower bound: at most x2.50 at 2 sizes, at M = 100 (a over "
            "LB2)\n");
}

TEST(RegimesReport, Csv) {
  EXPECT_EQ(to_csv(example()),
            "policy,capacity_bytes,read_bytes,write_bytes,m_words,words\n"
            "a,128,,,64,\n"
            "a,200,3000,1000,100,2000\n"
            "b,128,5000,1000,64,3000\n"
            "b,200,4000,800,100,2400\n"
            "LB0,128,,,64,500\n"
            "LB0,200,,,100,500\n"
            "LB2,128,,,64,1500\n"
            "LB2,200,,,100,800\n"
            "largest bound,128,,,64,1500\n"
            "largest bound,200,,,100,800\n");
}

TEST(RegimesReport, Json) {
  const json out = json::parse(to_json(example()));
  EXPECT_EQ(out.at("schema_version"), 1);
  EXPECT_EQ(out.at("points").size(), 4U);
  EXPECT_EQ(out.at("points").at(1), json({{"policy", "a"},
                                          {"capacity_bytes", 200},
                                          {"m_words", 100},
                                          {"read_bytes", 3000},
                                          {"write_bytes", 1000},
                                          {"words", 2000},
                                          {"tiles", "Br 4"}}));
  EXPECT_EQ(out.at("points").at(0).at("infeasible"), true);
  EXPECT_EQ(out.at("bounds").at(1).at("points").at(0), json({{"m_words", 64}, {"words", 1500}}));
  EXPECT_EQ(out.at("least").at(0).at("ratio"), 2.0);
  EXPECT_EQ(out.at("largest_ratio").at("ratio"), 2.5);
  EXPECT_EQ(out.at("largest_ratio").at("m_words"), 100);
  EXPECT_EQ(out.at("largest_ratio").at("bound").at("id"), "LB2");
  EXPECT_EQ(out.at("leads").at(1),
            json({{"algorithm", "a"}, {"from_m_words", 90}, {"words", 2500}}));
  EXPECT_EQ(out.at("crossovers").at(0), json({{"algorithm", "a"},
                                              {"over", "b"},
                                              {"from_m_words", 90},
                                              {"first_m_words", 80},
                                              {"words", 2500},
                                              {"over_words", 2600}}));
}

TEST(RegimesReport, OfNothing) {
  Regimes r{.workload = "", .word_bytes = 2, .head_dim = 10};
  r.sizes = {Words(3)};
  r.points = {{.m_words = Words(3)}};
  EXPECT_TRUE(json::parse(to_json(r)).at("largest_ratio").is_null());
  EXPECT_TRUE(json::parse(to_json(r)).at("least").at(0).at("policy").is_null());
  EXPECT_EQ(to_csv(r), "policy,capacity_bytes,read_bytes,write_bytes,m_words,words\n");
  EXPECT_EQ(to_table(r).find("at most"), std::string::npos);
}

TEST(RegimesReport, PlotMarksLeadsAndCrossovers) {
  const Plot plot = regimes_plot(example());
  ASSERT_EQ(plot.series.size(), 5U) << "two algorithms, the largest bound, two bounds";
  EXPECT_EQ(plot.unit, PlotUnit::words);
  EXPECT_EQ(plot.series[1].style, PlotStyle::line);
  EXPECT_EQ(plot.series[1].points[0].x, 64);
  EXPECT_EQ(plot.series[1].points[0].y, 3000);
  EXPECT_EQ(plot.series[2].label, "largest bound");
  EXPECT_EQ(plot.series[4].style, PlotStyle::dotted_line);
  ASSERT_EQ(plot.rings.size(), 1U);
  EXPECT_EQ(plot.rings[0].label, "a moves no more than b from M = 90");
  ASSERT_EQ(plot.rules.size(), 2U);
  EXPECT_EQ(plot.rules[0].label, "a least");
  EXPECT_EQ(plot.rules[1].x, 100) << "M = head_dim^2";
}

/// Of leads at 90, 95 and 200 only those that last a tenth of M are drawn.
TEST(RegimesReport, ShortLeadsAreNotDrawn) {
  Regimes r = example();
  r.leads.push_back({"b", Words(95), Words(2400)});
  r.leads.push_back({"a", Words(200), Words(2000)});
  const Plot plot = regimes_plot(r);
  ASSERT_EQ(plot.rules.size(), 3U);
  EXPECT_EQ(plot.rules[0].x, 95);
  EXPECT_EQ(plot.rules[1].x, 200);
}

}  // namespace
}  // namespace attnsim::report
