// attnsim compare as its user sees it.
#include <algorithm>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

const std::string kWorkload = " --workload seqlen=512,heads=4,head_dim=64";

json rows_of(const std::string& arguments) {
  return json::parse(output_of("compare " + arguments + " --format json")).at("rows");
}

/// A row says what `run` says of the same run.
TEST(Compare, EveryMachineWithEveryAlgorithm) {
  const json rows = rows_of(
      "--hardware nvidia_a100_sxm_80,nvidia_h100_sxm "
      "--algorithm standard,flash_attention_2" +
      kWorkload);
  ASSERT_EQ(rows.size(), 4U);
  double least = rows.at(0).at("seconds");
  for (const json& row : rows) least = std::min(least, row.at("seconds").get<double>());
  for (const json& row : rows) {
    const json run = json::parse(
        output_of("run --hardware " + row.at("hardware").get<std::string>() + " --algorithm " +
                  row.at("algorithm").get<std::string>() + kWorkload + " --format json"));
    EXPECT_EQ(row.at("seconds"), run.at("time").at("seconds"));
    EXPECT_EQ(row.at("limiter"), run.at("time").at("limiter"));
    EXPECT_EQ(row.at("over_best").get<double>(), row.at("seconds").get<double>() / least);
  }
}

TEST(Compare, RunFilesAreWorkloadsOfTheirOwn) {
  const json rows = rows_of(
      "configs/runs/theory/1024_64_25600.yaml configs/runs/theory/1024_128_4096.yaml "
      "--algorithm flash_attention_1,flash_attention_2 --set algorithm.tiles=fit --no-time");
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_NE(rows.at(0).at("workload"), rows.at(2).at("workload"));
  int best = 0;
  for (const json& row : rows) best += row.at("over_best") == 1.0 ? 1 : 0;
  EXPECT_EQ(best, 2) << "one for each workload";
}

TEST(Compare, AllPresetsHaveARowOrAReason) {
  const json listed = json::parse(output_of("list hardware --format json")).at("hardware");
  const json rows = rows_of("--hardware all --no-time" + kWorkload);
  ASSERT_EQ(rows.size(), listed.size());
  for (const json& row : rows) EXPECT_TRUE(row.contains("bytes") || row.contains("message")) << row;
}

TEST(Compare, EveryMistakeIsReportedOnce) {
  expect_refused(
      "compare --hardware nvidia_a100_sxm_80,nvidia_h100_smx --algorithm standrd" + kWorkload,
      "--algorithm standrd: algorithm: unknown name 'standrd'; did you mean 'standard'?\n"
      "--hardware nvidia_h100_smx: hardware: unknown hardware 'nvidia_h100_smx'; did you "
      "mean 'nvidia_h100_sxm'?");
  expect_refused("compare --hardware ,nvidia_h100_sxm" + kWorkload,
                 "--hardware ',nvidia_h100_sxm': expected names with a comma between any two");
}

}  // namespace
}  // namespace attnsim::e2e
