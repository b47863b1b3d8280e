// attnsim curve --scratchpad as its user sees it.
#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/expectations.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

const std::string kSmall =
    "curve --scratchpad --hardware abstract_two_level --workload "
    "seqlen=96,head_dim=16,heads=2,kv_heads=2 ";
const std::string kTwo = "--algorithms flash_attention_2,square_tiling ";

/// A crossover is where two runs of the program change places, to the word.
TEST(Regimes, RunsOnBothSidesOfACrossover) {
  const TemporaryFolder folder;
  const json out = json::parse(output_of(kSmall + kTwo + "--format json", folder.path()));
  ASSERT_EQ(out.at("crossovers").size(), 1U);
  const json& at = out.at("crossovers").at(0);
  EXPECT_EQ(at.at("algorithm"), "flash_attention_2");
  EXPECT_EQ(at.at("over"), "square_tiling");
  const auto words = [&](const std::string& algorithm, int m) {
    const json run = json::parse(output_of(
        "run --format json --hardware abstract_two_level --workload "
        "seqlen=96,head_dim=16,heads=2,kv_heads=2 --set algorithm.tiles=fit --algorithm " +
            algorithm + " --set hardware.memories.sram.capacity='" + std::to_string(m) + " words'",
        folder.path()));
    for (const json& row : run.at("io")) {
      if (row.at("tensor") == "total") return row.at("words").get<std::uint64_t>();
    }
    return std::uint64_t{0};
  };
  const int from = at.at("from_m_words");
  EXPECT_EQ(words("flash_attention_2", from), at.at("words"));
  EXPECT_EQ(words("square_tiling", from), at.at("over_words"));
  EXPECT_LE(at.at("words"), at.at("over_words"));
  EXPECT_GT(words("flash_attention_2", from - 1), words("square_tiling", from - 1));
  EXPECT_LT(from, 16 * 16) << "far below head_dim^2";
}

TEST(Regimes, FromFourHeadDimToWhereEverythingFits) {
  const TemporaryFolder folder;
  const json out = json::parse(output_of(kSmall + "--best --format json", folder.path()));
  const json& least = out.at("least");
  EXPECT_EQ(least.front().at("m_words"), 4 * 16);
  EXPECT_EQ(least.back().at("m_words"), 4 * 96 * 16);
  EXPECT_EQ(least.back().at("words"), 2 * 4 * 96 * 16) << "each word once";
  EXPECT_EQ(least.back().at("ratio"), 1.0);
  EXPECT_EQ(least.back().at("policy"), "best");
  double largest = 0;
  for (const json& at : least) largest = std::max(largest, at.at("ratio").get<double>());
  EXPECT_EQ(out.at("largest_ratio").at("ratio"), largest);
  EXPECT_GT(largest, 1.0);
  std::size_t standard = 0;
  for (const json& point : out.at("points")) {
    EXPECT_NE(point.at("policy"), "tiled_attention") << "--best stands for it";
    standard += point.at("policy") == "standard" ? 1 : 0;
  }
  EXPECT_EQ(standard, least.size());
  for (const json& bound : out.at("bounds")) {
    EXPECT_EQ(bound.at("points").size(), least.size()) << bound.at("id");
  }
}

TEST(Regimes, TableCsvAndPlotShowTheSame) {
  const TemporaryFolder folder;
  const std::string table = output_of(kSmall + kTwo + "--plot a.svg", folder.path());
  const std::string csv = output_of(kSmall + kTwo + "--format csv", folder.path());
  EXPECT_TRUE(csv.starts_with("policy,capacity_bytes,read_bytes,write_bytes,m_words,words\n"));
  EXPECT_NE(csv.find("\nLB4-norec,"), std::string::npos);
  EXPECT_NE(csv.find("\nlargest bound,"), std::string::npos);
  const std::string svg = read_file(folder / "a.svg");
  for (const char* name : {"flash_attention_2", "square_tiling", "LB0", "LB2", "largest bound"}) {
    EXPECT_NE(svg.find(std::string(">") + name + "</text>"), std::string::npos) << name;
  }
  EXPECT_NE(svg.find("flash_attention_2 moves no more than square_tiling from M = "),
            std::string::npos);
  EXPECT_NE(svg.find(">M = head_dim^2</text>"), std::string::npos);
  EXPECT_NE(table.find("\nflash_attention_2  square_tiling"), std::string::npos) << table;
  EXPECT_NE(table.find("\nleast I/O over its largest lower bound: at most x"), std::string::npos);
}

TEST(Regimes, RangeAndStep) {
  const TemporaryFolder folder;
  const json out = json::parse(output_of(
      kSmall + kTwo + "--range '100 words,800 B' --step 100 --format json", folder.path()));
  std::vector<int> sizes;
  for (const json& at : out.at("least")) sizes.push_back(at.at("m_words"));
  EXPECT_EQ(sizes, (std::vector<int>{100, 128, 201, 256, 400})) << "words of two bytes";
}

TEST(Regimes, OfTheBackwardPass) {
  const TemporaryFolder folder;
  const std::string table = output_of(kSmall + "--set workload.pass=backward", folder.path());
  EXPECT_NE(table.find("\nsmall_cache_backward "), std::string::npos) << table;
  EXPECT_NE(table.find("\nLB3-norec "), std::string::npos) << table;
  EXPECT_EQ(table.find("\nsquare_tiling "), std::string::npos) << table;
}

TEST(Regimes, HelpExplains) {
  const TemporaryFolder folder;
  const std::string help = output_of("curve --help", folder.path());
  for (const char* word : {"--scratchpad", "--best", "--range", "--step", "first M"}) {
    EXPECT_NE(help.find(word), std::string::npos) << word;
  }
}

TEST(Regimes, Misuse) {
  const TemporaryFolder folder;
  std::ofstream(folder / "a.din") << "0 0\n";
  expect_refused("curve --best --workload seqlen=8", "option '--best' needs '--scratchpad'",
                 folder.path());
  expect_refused("curve a.din --range 1,2", "option '--range' needs '--scratchpad'", folder.path());
  expect_refused(kSmall + "--opt '64 words'",
                 "option '--opt' is for caches: it does not go with '--scratchpad'", folder.path());
  expect_refused("curve a.din --scratchpad", "option '--scratchpad' is for workloads, got 'a.din'",
                 folder.path());
  expect_refused(kSmall + "--step 0", "option '--step' needs a whole number of at least 1, got '0'",
                 folder.path());
  expect_refused(kSmall + "--step 101", "option '--step' needs at most 100 percent, got '101'",
                 folder.path());
  expect_refused(
      kSmall + "--best --set workload.pass=backward",
      "workload.pass: best nests are drawn for forward, got 'backward'; see 'attnsim schedule "
      "--grid'",
      folder.path());
  expect_refused(kSmall + "--set workload.mask='{kind: a_shape}'",
                 "workload.mask: sizes of memory are compared without a block mask", folder.path());
}

}  // namespace
}  // namespace attnsim::e2e
