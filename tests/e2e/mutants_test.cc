// An algorithm that moves one tile too few is caught by verify, one that moves one too many by the
// budget that is its closed form.
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace attnsim::e2e {
namespace {

/// A verb of the program that knows one_tile_off, on files of a folder that hold the algorithm with
/// a defect: run.yaml, and budget.yaml with a check of each tensor.
Outcome with_mutants(const std::string& verb, const std::string& defect) {
  const TemporaryFolder folder;
  const std::string run =
      "workload: {seqlen: 64, head_dim: 8, dtype: fp32}\n"
      "hardware: abstract_two_level\n"
      "algorithm: {name: one_tile_off, defect: " +
      defect + ", tiles: {Br: 16, Bc: 16}}\n";
  std::ofstream(folder / "run.yaml") << run;
  std::ofstream budget(folder / "budget.yaml");
  budget << "checks:\n  - name: kernel\n    run: {extends: run.yaml}\n    expect:\n";
  for (const char* tensor : {"Q", "K", "V", "O", "total"}) {
    budget << "      - {metric: io.hbm." << tensor << ".words, max_ratio: 1.00, of: closed_form}\n";
  }
  budget.close();
  return shell(std::string("'") + ATTNSIM_WITH_MUTANTS + "' " + verb, folder.path());
}

TEST(Mutants, TheNestWithoutDefectPasses) {
  EXPECT_EQ(with_mutants("verify run.yaml", "none").code, 0);
  const Outcome outcome = with_mutants("check budget.yaml", "none");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
}

/// A tile of K is 16 x 8 words; there are 4 x 4 of them.
TEST(Mutants, OneTileTooManyIsCaughtByTheBudgetOfItsTensor) {
  EXPECT_EQ(with_mutants("verify run.yaml", "one_more").code, 0) << "its numbers are right";
  const Outcome outcome = with_mutants("check budget.yaml", "one_more");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "2 of 5 expectations failed\n");
  EXPECT_NE(outcome.out.find("io.hbm.K.words = 2,176 exceeds 2,048 (closed_form) by 128 (6.2 %)"),
            std::string::npos)
      << outcome.out;
  EXPECT_NE(
      outcome.out.find("io.hbm.total.words = 5,248 exceeds 5,120 (closed_form) by 128 (2.5 %)"),
      std::string::npos)
      << outcome.out;
}

/// A budget is an upper limit: too little I/O passes it, and the numbers give it away.
TEST(Mutants, OneTileTooFewIsCaughtByVerify) {
  EXPECT_EQ(with_mutants("check budget.yaml", "one_less").code, 0);
  const Outcome outcome = with_mutants("verify run.yaml", "one_less");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("expected"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace attnsim::e2e
