// Comparisons in every format.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "sim/report/comparison.h"

namespace attnsim::report {
namespace {

ComparisonReport three_rows() {
  ComparisonReport report;
  report.rows = {{.workload = "seqlen 64, causal",
                  .hardware = "fast",
                  .algorithm = "standard",
                  .summary = {.fits = true,
                              .tiles = "b 16",
                              .memory = "l2",
                              .bytes = 2048,
                              .words = 1024,
                              .home = "hbm",
                              .home_bytes = 1024,
                              .seconds = 2e-6,
                              .tflops = 1.5,
                              .limiter = "hbm"},
                  .over_best = 1.0},
                 {.workload = "seqlen 64, causal",
                  .hardware = "tiny",
                  .algorithm = "standard",
                  .summary = {.no_result = "nothing fits, not even 1"}},
                 {.workload = "seqlen 128",
                  .hardware = "slow",
                  .algorithm = "standard",
                  .summary = {.fits = false,
                              .tiles = "b 99",
                              .memory = "hbm",
                              .bytes = 100,
                              .words = 50,
                              .home = "hbm",
                              .home_bytes = 100,
                              .no_time = "it does not fit"}}};
  return report;
}

TEST(ComparisonReport, TableHasAPartForEachWorkload) {
  EXPECT_EQ(to_table(three_rows()),
            "seqlen 64, causal\n"
            "\n"
            "hardware  algorithm  from cores  to DRAM     time  TFLOP/s  over best        limited "
            "by  tiles\n"
            "fast      standard      2.0 KiB  1.0 KiB  2.00 us      1.5      x1.00  best  hbm"
            "         b 16\n"
            "tiny  standard  none: nothing fits, not even 1\n"
            "\n"
            "seqlen 128\n"
            "\n"
            "hardware  algorithm  from cores  to DRAM  time  TFLOP/s  over best    limited by  "
            "tiles\n"
            "slow      standard        100 B    100 B     -        -          -                "
            "b 99 OVER\n");
}

TEST(ComparisonReport, CsvHasALinePerRun) {
  EXPECT_EQ(to_csv(three_rows()),
            "workload,hardware,algorithm,status,tiles,memory,bytes,home,home_bytes,seconds,tflops,"
            "limiter,joules,over_best,message\n"
            "\"seqlen 64, causal\",fast,standard,ok,b 16,l2,2048,hbm,1024,2e-06,1.5,hbm,,1,\n"
            "\"seqlen 64, causal\",tiny,standard,none,,,,,,,,,,,\"nothing fits, not even 1\"\n"
            "seqlen 128,slow,standard,over,b 99,hbm,100,hbm,100,,,,,,it does not fit\n");
}

TEST(ComparisonReport, JsonHasEveryFigure) {
  const auto rows = nlohmann::json::parse(to_json(three_rows())).at("rows");
  EXPECT_EQ(rows.at(0).at("seconds"), 2e-6);
  EXPECT_EQ(rows.at(0).at("over_best"), 1.0);
  EXPECT_EQ(rows.at(0).at("status"), "ok");
  EXPECT_FALSE(rows.at(0).contains("message"));
  EXPECT_EQ(rows.at(1).at("status"), "none");
  EXPECT_EQ(rows.at(1).at("message"), "nothing fits, not even 1");
  EXPECT_FALSE(rows.at(1).contains("bytes"));
  EXPECT_EQ(rows.at(2).at("status"), "over");
  EXPECT_TRUE(rows.at(2).at("over_best").is_null());
}

}  // namespace
}  // namespace attnsim::report
