// verify and check: verdicts and their exit codes.
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

using nlohmann::json;

TEST(Verify, GridOfEveryAlgorithmInBothArithmetics) {
  const Outcome outcome = attnsim("verify --cases 4 --seed 7 --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const json report = json::parse(outcome.out);
  // `replay` has no grid: its traces are files.
  const std::size_t algorithms =
      json::parse(attnsim("list algorithms --format json").out).at("algorithms").size() - 1;
  EXPECT_EQ(report.at("passed"), 2 * 4 * algorithms);
  EXPECT_EQ(report.at("failed"), 0);
  EXPECT_EQ(report.at("cases").size(), 2 * 4 * algorithms);
  for (const char* key : {"algorithm", "pass", "case", "max_abs_error", "ok", "message"}) {
    EXPECT_TRUE(report.at("cases").at(0).contains(key)) << key;
  }
}

TEST(Verify, SeedDecidesTheGrid) {
  const auto text = [](const std::string& seed) {
    return attnsim("verify --algorithm standard --cases 3 --format csv --seed " + seed).out;
  };
  EXPECT_EQ(text("5"), text("5"));
  EXPECT_NE(text("5"), text("6"));
}

TEST(Verify, RunOfAFileWithItsOrOtherAlgorithms) {
  const std::string file = "verify configs/runs/theory/777_100_3000.yaml ";
  const json own = json::parse(attnsim(file + "--format json").out);
  EXPECT_EQ(own.at("passed"), 2);
  EXPECT_EQ(own.at("cases").at(0).at("algorithm"), "flash_attention_2");
  const Outcome others =
      attnsim(file + "--algorithm standard --algorithm flash_attention_1 --format json");
  EXPECT_EQ(others.code, 0) << others.err;
  EXPECT_EQ(json::parse(others.out).at("passed"), 4);
}

TEST(Verify, RefusesAFileItCannotHold) {
  const Outcome outcome = attnsim("verify configs/runs/long_1m.yaml --algorithm standard");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(outcome.err.starts_with("configs/runs/long_1m.yaml: executing this run takes about"))
      << outcome.err;
}

TEST(Verify, FaultsOfAllFilesAtOnce) {
  const Outcome outcome = attnsim("verify no_such_a.yaml no_such_b.yaml");
  EXPECT_EQ(outcome.code, 2);
  EXPECT_NE(outcome.err.find("no_such_a.yaml"), std::string::npos) << outcome.err;
  EXPECT_NE(outcome.err.find("no_such_b.yaml"), std::string::npos) << outcome.err;
  EXPECT_EQ(attnsim("verify configs/runs/long_1m.yaml --cases 3").code, 2);
}

TEST(Check, EveryBudgetOfTheoryHolds) {
  const Outcome outcome = attnsim("check configs/checks/theory.yaml --format json");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  EXPECT_EQ(outcome.err, "");
  const json report = json::parse(outcome.out);
  EXPECT_EQ(report.at("failed"), 0);
  EXPECT_GE(report.at("passed"), 80);
}

TEST(Check, ViolatedBudgetIsExitCodeOneWithAReason) {
  const Outcome outcome = attnsim("check tests/e2e/over_budget.yaml");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "1 of 2 expectations failed\n");
  EXPECT_NE(outcome.out.find("FAIL"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("1 passed, 1 failed"), std::string::npos) << outcome.out;
  const json report = json::parse(attnsim("check tests/e2e/over_budget.yaml --format json").out);
  EXPECT_EQ(report.at("passed"), 1);
  EXPECT_EQ(report.at("failed"), 1);
  EXPECT_EQ(report.at("checks").at(1).at("ok"), false);
}

TEST(Check, SeveralFilesAreOneReport) {
  const Outcome outcome =
      attnsim("check tests/e2e/over_budget.yaml tests/e2e/over_budget.yaml --format csv");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "2 of 4 expectations failed\n");
}

TEST(Progress, OnlyOnATerminalAndNotWhenQuiet) {
  const std::string check =
      std::string("'") + ATTNSIM_BINARY + "' check configs/checks/theory.yaml";
  ASSERT_EQ(shell("command -v script").code, 0) << "script(1), of bsdutils, is needed";
  const auto on_terminal = [](const std::string& command) {
    return shell("script -qec \"" + command + "\" /dev/null").out;
  };
  EXPECT_NE(on_terminal(check + " > /dev/null").find("checks"), std::string::npos);
  EXPECT_EQ(on_terminal(check + " --quiet > /dev/null"), "");
  EXPECT_EQ(attnsim("check configs/checks/theory.yaml > /dev/null").err, "");
}

}  // namespace
}  // namespace attnsim::e2e
