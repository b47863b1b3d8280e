// attnsim schedule as its user sees it.
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

const std::string kSmall =
    " --hardware abstract_two_level --workload seqlen=96,head_dim=16,heads=2,kv_heads=2 ";

std::string output_of(const std::string& arguments) {
  const TemporaryFolder folder;
  const Outcome outcome = attnsim(arguments, folder.path());
  EXPECT_EQ(outcome.code, 0) << arguments << '\n' << outcome.err;
  return outcome.out;
}

/// The options that run a point of the JSON.
std::string options_of(const json& point) {
  const json& algorithm = point.at("algorithm");
  std::string out = " --algorithm " + algorithm.at("name").get<std::string>() +
                    " --set hardware.memories.sram.capacity='" + point.at("m_words").dump() +
                    " words' --set algorithm.tiles='{";
  for (const auto& [name, size] : algorithm.at("tiles").items()) {
    out += (out.ends_with('{') ? "" : ", ") + name + ": " + size.dump();
  }
  out += "}'";
  for (const auto& [name, value] : algorithm.at("params").items()) {
    out += " --set algorithm." + name + "=" +
           (value.is_string() ? value.get<std::string>() : value.dump());
  }
  return out;
}

/// Runs each point and returns the words of the last.
std::uint64_t expect_grid_runs_as_it_says(const std::string& workload) {
  const json report = json::parse(output_of("schedule --quiet --grid --format json" + workload));
  EXPECT_EQ(report.at("points").at(0).at("m_words"), 64) << "4 head_dim";
  std::uint64_t before = UINT64_MAX;
  for (const json& point : report.at("points")) {
    const std::uint64_t words = point.at("words");
    EXPECT_LE(words, before);
    before = words;
    EXPECT_GE(point.at("bound").at("ratio"), 1.0);
    EXPECT_GT(point.at("nests"), 0U);
    const json run = json::parse(output_of("run --format json" + workload + options_of(point)));
    for (const json& row : run.at("io")) {
      if (row.at("tensor") != "total") continue;
      EXPECT_EQ(row.at("words"), words) << point;
    }
    for (const json& row : run.at("footprint")) {
      if (row.at("space") != "sram") continue;
      EXPECT_EQ(row.at("peak_words"), point.at("footprint_words"));
      EXPECT_EQ(row.at("fits"), true);
    }
  }
  return before;
}

TEST(Schedule, EveryPointOfTheGridRunsAsItSays) {
  EXPECT_EQ(expect_grid_runs_as_it_says(kSmall), 2 * 4 * 96 * 16) << "in the end each word once";
}

TEST(Schedule, EveryPointOfTheBackwardGridRunsAsItSays) {
  EXPECT_EQ(expect_grid_runs_as_it_says(kSmall + "--workload pass=backward "),
            2 * (8 * 96 * 16 + 96))
      << "in the end Q, K, V, O, dO and L once, and the gradients";
}

TEST(Schedule, TableAndCsvShowTheSameCounts) {
  const std::string size = "--set hardware.memories.sram.capacity='1024 words'" + kSmall;
  const std::string table = output_of("schedule --quiet " + size);
  const std::string csv = output_of("schedule --quiet --format csv " + size);
  const std::string words = csv.substr(csv.find("\n1024,") + 6, 5);
  EXPECT_NE(table.find(words.substr(0, 2) + "," + words.substr(2)), std::string::npos)
      << table << csv;
  EXPECT_NE(table.find("run it: --algorithm tiled_attention"), std::string::npos) << table;
}

TEST(Schedule, TheTimeGoesToStderrOnly) {
  const TemporaryFolder folder;
  const Outcome outcome = attnsim("schedule" + kSmall, folder.path());
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.err.starts_with("searched in ")) << outcome.err;
  EXPECT_EQ(outcome.out.find("searched in"), std::string::npos);
}

void expect_refused(const std::string& arguments, const std::string& message) {
  const TemporaryFolder folder;
  const Outcome outcome = attnsim(arguments, folder.path());
  EXPECT_EQ(outcome.code, 2) << arguments;
  EXPECT_EQ(outcome.out, "") << arguments;
  EXPECT_EQ(outcome.err, message + "\n") << arguments;
}

TEST(Schedule, WhatTheFamilyDoesNotHaveIsRefused) {
  expect_refused("schedule --set hardware.memories.sram.capacity='4 words'" + kSmall,
                 "no nest fits: even the smallest needs 5 words on chip, this machine has 4");
  expect_refused("schedule --workload pass=forward_backward" + kSmall,
                 "workload.pass: schedules are searched for one pass, got 'forward_backward'");
  expect_refused(
      "schedule --workload pass=backward,causal=true" + kSmall,
      "workload: schedules of the backward pass are searched without a mask, whose tiles its nests "
      "would visit all the same");
  expect_refused(
      "run --algorithm tiled_backward --workload pass=backward --set "
      "algorithm.p_strips=33" +
          kSmall,
      "algorithm.p_strips: expected at most 32, got '33'");
  expect_refused(
      "schedule --set workload.mask='{kind: a_shape}'" + kSmall,
      "workload.mask: schedules are searched without a block mask; causal and windows are "
      "possible");
  expect_refused("run --algorithm tiled_attention --set algorithm.held_blocks=25" + kSmall,
                 "algorithm.held_blocks: expected at most 24, got '25'; take a larger Bc");
}

}  // namespace
}  // namespace attnsim::e2e
