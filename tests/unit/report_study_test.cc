// Lines and tables of a study.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/report/study.h"

namespace attnsim::report {
namespace {

std::vector<StudyAxis> axes() {
  return {{.paths = {"algorithm"}, .values = {{"a"}, {"{name: b, depth: 2}"}}},
          {.paths = {"workload.seqlen", "workload.batch"}, .values = {{"64", "1"}}}};
}

StudyRow answered() {
  StudyRow row{.point = 0, .values = {"a", "64", "1"}};
  row.summary = {.fits = true,
                 .tiles = "Br 64 Bc 32",
                 .memory = "l2",
                 .bytes = 2048,
                 .words = 1024,
                 .home = "hbm",
                 .home_bytes = 1024,
                 .seconds = 0.0015,
                 .tflops = 100.5,
                 .limiter = "matrix",
                 .joules = 0.25};
  return row;
}

StudyRow unanswered() {
  StudyRow row{.point = 1, .values = {"{name: b, depth: 2}", "64", "1"}};
  row.summary.no_result = "nothing fits";
  return row;
}

TEST(StudyCsv, HasAColumnPerPathAndOneWidth) {
  const std::string header = study_csv_header(axes());
  EXPECT_EQ(header,
            "point,algorithm,workload.seqlen,workload.batch,status,fits,tiles,memory,bytes,words,"
            "home,home_bytes,seconds,tflops,limiter,joules,message\n");
  EXPECT_EQ(to_csv_line(answered()),
            "0,a,64,1,ok,true,Br 64 Bc 32,l2,2048,1024,hbm,1024,0.0015,100.5,matrix,0.25,\n");
  EXPECT_EQ(to_csv_line(unanswered()),
            "1,\"{name: b, depth: 2}\",64,1,none,,,,,,,,,,,,nothing fits\n");
}

TEST(StudyJsonLine, IsTheResultWithItsPointInFront) {
  EXPECT_EQ(to_json_line(axes(), answered(), R"({"schema_version":1})"),
            "{\"point\":0,\"set\":{\"algorithm\":\"a\",\"workload.seqlen\":\"64\","
            "\"workload.batch\":\"1\"},\"schema_version\":1}\n");
}

TEST(StudyTable, ShowsTheFirstPointsAndWhyOthersHaveNothing) {
  const StudyOverview overview{.axes = axes(),
                               .rows = {answered(), unanswered()},
                               .points = 1002,
                               .without = 1,
                               .computed = 2,
                               .kept = 1000,
                               .folder = "out"};
  EXPECT_EQ(to_table(overview),
            "point  algorithm            seqlen  batch  tiles             l2      hbm     time  "
            "TFLOP/s  limited by\n"
            "    0  a                    64      1      Br 64 Bc 32  2.0 KiB  1.0 KiB  1.50 ms  "
            "    100  matrix\n"
            "    1  {name: b, depth: 2}  64      1      NONE\n"
            "... and 1,000 more in results.csv\n"
            "\n"
            "point 1: nothing fits\n"
            "\n"
            "1,002 points, 1 without a result; 2 computed, 1,000 found in the store; in out\n");
}

}  // namespace
}  // namespace attnsim::report
