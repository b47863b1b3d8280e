// attnsim validate through the real program.
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

constexpr const char* kShipped = "analysis/validation/measurements/dense_gpu.csv";

constexpr const char* kRows =
    "id,source,algorithm,variant,reference,pass,hardware,dtype,batch,heads,seqlen_q,seqlen_kv,"
    "head_dim,causal,metric,value\n"
    "a,mine,flash_attention_2,mine,1,forward,nvidia_a100_sxm_80,fp16,1,16,1024,1024,64,0,"
    "runtime_ms,0.1\n"
    "b,mine,flash_attention_2,mine,1,forward,nvidia_a100_sxm_80,fp16,1,16,1024,1024,64,1,tflops,"
    "80\n"
    "c,mine,cudnn_attention,mine,0,forward,nvidia_a100_sxm_80,fp16,1,16,1024,1024,64,1,tflops,"
    "80\n"
    "d,mine,standard,mine,1,forward,nvidia_a100_sxm_80,fp16,64,16,1024,1024,64,0,gb_dram,5\n";

class Validate : public testing::Test {
 protected:
  void SetUp() override { std::ofstream(folder_ / "m.csv") << kRows; }
  Outcome run(const std::string& arguments) const {
    return attnsim("validate " + arguments, folder_.path());
  }
  const TemporaryFolder folder_;
};

std::uint64_t unsupported(const json& report) {
  std::uint64_t n = 0;
  for (const json& row : report.at("unsupported")) n += row.at("n").get<std::uint64_t>();
  return n;
}

std::uint64_t accounted(const json& report) {
  std::uint64_t n = unsupported(report);
  for (const char* key : {"points", "bytes", "counters", "speedups"}) n += report.at(key).size();
  return n;
}

TEST(ValidateShipped, AccountsForEveryRow) {
  const Outcome outcome = attnsim(std::string("validate --longest 256 --format json ") + kShipped);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report.at("rows"), 933);
  EXPECT_EQ(accounted(report), 933U);
  EXPECT_GT(unsupported(report), 100U) << "cuDNN and xFormers at least";
  const json& overall = report.at("overall");
  EXPECT_GE(overall.at("coverage").get<double>(), 0);
  EXPECT_LE(overall.at("n").get<std::uint64_t>(), report.at("reference_rows"));
}

TEST_F(Validate, EveryFormatAndThePlot) {
  const Outcome table = run("m.csv --plot correlation.svg");
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_TRUE(table.out.starts_with("4 rows; of 2 reference rows of time or rate ")) << table.out;
  EXPECT_NE(table.out.find("unknown algorithm id 'cudnn_attention'"), std::string::npos);
  EXPECT_TRUE(read_file(folder_ / "correlation.svg").starts_with("<svg "));
  const Outcome csv = run("m.csv --format csv --jobs 1");
  EXPECT_TRUE(csv.out.starts_with("id,source,algorithm,")) << csv.out;
  const json report = json::parse(run("m.csv --format json").out);
  EXPECT_EQ(accounted(report), 4U);
  EXPECT_EQ(report.at("bytes").at(0).at("id"), "d");
  EXPECT_GT(report.at("bytes").at(0).at("predicted").get<double>(), 4);
}

TEST_F(Validate, ATableOfSourcesAndAListOfFittedRowsCanBeGiven) {
  std::ofstream(folder_ / "s.yaml")
      << "rules:\n  - {source: '*', algorithm: '*', unsupported: not today, why: a test}\n";
  std::ofstream(folder_ / "f.txt") << "a\n";
  const json report = json::parse(run("m.csv --sources s.yaml --fitted f.txt --format json").out);
  ASSERT_EQ(report.at("unsupported").size(), 1U);
  EXPECT_EQ(report.at("unsupported")[0].at("reason"), "not today");
  EXPECT_EQ(report.at("unsupported")[0].at("n"), 4);
}

TEST_F(Validate, HoldsAResultToAnEarlierOne) {
  ASSERT_EQ(run("m.csv --output table.json").code, 0);
  const Outcome same = run("m.csv --expect table.json --output again.json");
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_EQ(same.err, "");
  EXPECT_EQ(read_file(folder_ / "again.json"), read_file(folder_ / "table.json"));

  json table = json::parse(read_file(folder_ / "table.json"));
  table["rows"] = 5;
  table["bytes"][0]["measured"] = 5.1;
  std::ofstream(folder_ / "old.json") << table;
  const Outcome moved = run("m.csv --expect old.json --output again.json");
  EXPECT_EQ(moved.code, 1);
  EXPECT_TRUE(moved.err.starts_with("row d.measured: 5.1 before, 5 now\nrows: 5 before, 4 now\n"))
      << moved.err;
  EXPECT_NE(moved.err.find("figures failed\n"), std::string::npos) << moved.err;
}

TEST_F(Validate, TellsTheFaultsOfAllFilesAtOnce) {
  std::ofstream(folder_ / "n.csv") << "id,sauce\n";
  std::ofstream(folder_ / "s.yaml") << "rules: 5\n";
  const Outcome outcome = run("n.csv missing.csv --sources s.yaml --fitted none.txt");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.out, "");
  for (const char* part :
       {"n.csv:1:4: unknown column 'sauce'; did you mean 'source'?", "missing.csv: no such file",
        "s.yaml:1:8: rules: expected a list, got '5'", "none.txt: no such file"}) {
    EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " in\n" << outcome.err;
  }
}

TEST(ValidateHelp, SaysWhatTheFiguresMean) {
  const Outcome outcome = attnsim("validate --help");
  EXPECT_EQ(outcome.code, 0);
  for (const char* part : {"MEASUREMENTS.csv...", "--expect", "--plot", "--sources",
                           "predicted / measured - 1", "overall"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in\n" << outcome.out;
  }
  const Outcome config = attnsim("help config");
  EXPECT_NE(config.out.find("clock_mhz: number above 0"), std::string::npos);
  EXPECT_NE(config.out.find("host_overhead: time"), std::string::npos);
}

}  // namespace
}  // namespace attnsim::e2e
