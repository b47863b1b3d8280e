// Capacity curves and replayed address files, in every format.
#include <algorithm>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/report/cache_report.h"
#include "sim/report/curve.h"

namespace attnsim::report {
namespace {

using nlohmann::json;

Curve example() {
  return {.subject = "a.din",
          .line_bytes = 64,
          .accesses = 1000,
          .lines = 10,
          .series = {{.policy = "lru",
                      .points = {{Bytes(64), Bytes(6400), Bytes(64)},
                                 {Bytes(1 << 20), Bytes(640), Bytes(0)}}},
                     {.policy = "opt", .points = {{Bytes(2048), Bytes(1280), Bytes(0)}}},
                     {.policy = "standard",
                      .points = {{Bytes(2048), Bytes(5000), Bytes(120)}},
                      .tiles = {"b 1, bk 2"},
                      .infeasible = {{Bytes(1024), "nothing \"fits\""}}},
                     {.policy = "none", .infeasible = {{Bytes(1), "never"}}}}};
}

TEST(CurveReport, Json) {
  const json out = json::parse(to_json(example()));
  EXPECT_EQ(out.at("schema_version"), 1);
  EXPECT_EQ(out.at("line_bytes"), 64);
  EXPECT_EQ(out.at("lines"), 10);
  EXPECT_EQ(out.at("points").size(), 6U);
  EXPECT_EQ(
      out.at("points").at(0),
      json({{"policy", "lru"}, {"capacity_bytes", 64}, {"read_bytes", 6400}, {"write_bytes", 64}}));
  const json& infeasible = out.at("points").at(3);
  EXPECT_TRUE(infeasible.at("read_bytes").is_null());
  EXPECT_EQ(infeasible.at("infeasible"), true);
  EXPECT_EQ(infeasible.at("reason"), "nothing \"fits\"");
  EXPECT_EQ(out.at("points").at(4).at("tiles"), "b 1, bk 2");
}

TEST(CurveReport, JsonOfNothing) {
  EXPECT_EQ(json::parse(to_json(Curve{})).at("points"), json::array());
}

TEST(CurveReport, Csv) {
  EXPECT_EQ(to_csv(example()),
            "policy,capacity_bytes,read_bytes,write_bytes\n"
            "lru,64,6400,64\n"
            "lru,1048576,640,0\n"
            "opt,2048,1280,0\n"
            "standard,1024,,\n"
            "standard,2048,5000,120\n"
            "none,1,,\n");
}

TEST(CurveReport, Table) {
  EXPECT_EQ(to_table(example()),
            "a.din\n"
            "1,000 accesses to 10 lines of 64 B\n"
            "\n"
            "policy    capacity     read  write  read+write\n"
            "lru           64 B  6.2 KiB   64 B     6.3 KiB\n"
            "             1 MiB    640 B    0 B       640 B\n"
            "opt          2 KiB  1.2 KiB    0 B     1.2 KiB\n"
            "standard     2 KiB  4.9 KiB  120 B     5.0 KiB  b 1, bk 2\n"
            "none  fits nowhere\n");
}

TEST(CurveReport, TableInWords) {
  Curve curve = example();
  curve.word_bytes = 2;
  const std::string table = to_table(curve);
  EXPECT_NE(table.find("capacity in words"), std::string::npos) << table;
  EXPECT_NE(table.find("524,288    320      0         320"), std::string::npos) << table;
}

/// 5000 equal steps down to half: those shown are spread over the way.
TEST(CurveReport, ATableLeavesOutSmallSteps) {
  Curve curve{.subject = "many", .line_bytes = 64, .series = {{.policy = "lru"}}};
  for (std::uint64_t i = 0; i < 5000; ++i) {
    curve.series[0].points.push_back({Bytes((i + 1) * 64), Bytes((10000 - i) * 64), Bytes(0)});
  }
  const std::string table = to_table(curve);
  const auto lines = static_cast<std::size_t>(std::ranges::count(table, '\n'));
  EXPECT_GT(lines, 20U);
  EXPECT_LT(lines, 32U);
  EXPECT_NE(table.find("lru          64 B"), std::string::npos) << table;
  EXPECT_NE(table.find("320,000 B"), std::string::npos) << "the last\n" << table;
  EXPECT_NE(table.find(" smaller steps left out\n"), std::string::npos) << table;
}

/// One great step among many small ones is never left out.
TEST(CurveReport, ATableShowsEveryGreatStep) {
  Curve curve{.subject = "cliff", .line_bytes = 64, .series = {{.policy = "lru"}}};
  for (std::uint64_t i = 0; i < 100; ++i) {
    curve.series[0].points.push_back(
        {Bytes((i + 1) * 64), Bytes((i < 50 ? 1000000 - i : 1000 - i) * 64), Bytes(0)});
  }
  const std::string table = to_table(curve);
  EXPECT_NE(table.find("3,264 B"), std::string::npos) << table;
}

TEST(CurveReport, PlotHasASeriesPerPolicy) {
  const Plot plot = curve_plot(example());
  ASSERT_EQ(plot.series.size(), 3U);
  EXPECT_EQ(plot.series[0].style, PlotStyle::steps);
  EXPECT_EQ(plot.series[1].style, PlotStyle::marks);
  EXPECT_EQ(plot.series[2].label, "standard");
  ASSERT_EQ(plot.series[2].points.size(), 1U) << "what is infeasible is not drawn";
  EXPECT_EQ(plot.series[2].points[0].y, 5120);
}

CacheReport replayed() {
  CacheReport report{.file = "a.din", .accesses = 1234};
  report.specs.emplace_back();
  report.specs[0].cache = {.name = "l1", .capacity = 1 << 20, .line = 64, .ways = 16};
  report.specs[0].cache.rules = {.policy = "lru", .fetch_covered = true};
  report.caches = {
      {.name = "l1", .tensor = "total", .accesses = 2000, .hits = 1500, .misses = 500}};
  report.memory_read = Bytes(32000);
  report.memory_write = Bytes(640);
  return report;
}

TEST(CacheReport, Json) {
  const json out = json::parse(to_json(replayed()));
  EXPECT_EQ(out.at("trace").at("file"), "a.din");
  EXPECT_EQ(out.at("trace").at("accesses"), 1234);
  EXPECT_EQ(out.at("caches").at(0).at("name"), "l1");
  EXPECT_EQ(out.at("caches").at(0).at("misses"), 500);
  EXPECT_EQ(out.at("caches").at(0).at("final_dirty"), 0);
  EXPECT_EQ(out.at("memory").at("write_bytes"), 640);
}

TEST(CacheReport, Csv) {
  EXPECT_EQ(to_csv(replayed()),
            "name,tensor,accesses,hits,misses,read_misses,write_misses,cold,capacity,conflict,"
            "fills,evictions,write_backs,final_dirty\n"
            "l1,total,2000,1500,500,0,0,0,0,0,0,0,0,0\n");
}

TEST(CacheReport, Table) {
  const std::string table = to_table(replayed());
  EXPECT_TRUE(table.starts_with("a.din: 1,234 accesses\nl1: 1.0 MiB, line 64 B, 16 ways, lru\n\n"))
      << table;
  EXPECT_NE(table.find("misses          500   25.0 %\n"), std::string::npos) << table;
  EXPECT_TRUE(table.ends_with("\nmemory: read 31.2 KiB, written 640 B\n")) << table;
}

}  // namespace
}  // namespace attnsim::report
