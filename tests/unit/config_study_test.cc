// Studies: the points they have, in which order, and the run of each.
#include <string>
#include <vector>

#include "sim/config/study.h"
#include "tests/unit/config_fixture.h"

namespace attnsim::config {
namespace {

using Texts = std::vector<std::string>;

class StudyFile : public ConfigFolder {
 protected:
  Study study(const std::string& text) {
    write("run.yaml", kRun);
    write("study.yaml", text);
    return load_study("study.yaml", catalogue(), search());
  }
  std::string study_faults(const std::string& text) {
    try {
      study(text);
    } catch (const UserError& e) {
      return e.what();
    }
    return "accepted";
  }
};

TEST_F(StudyFile, IsAGridWhoseLastAxisVariesFastest) {
  const Study s = study(
      "base: run.yaml\naxes:\n  workload.seqlen: [64, 128]\n"
      "  hardware.memories.sram.capacity: [16 KiB .. 64 KiB log2]\n");
  ASSERT_EQ(s.points(), 6U);
  EXPECT_EQ(s.values(0), (Texts{"64", "16 KiB"}));
  EXPECT_EQ(s.values(2), (Texts{"64", "64 KiB"}));
  EXPECT_EQ(s.values(3), (Texts{"128", "16 KiB"}));
  EXPECT_EQ(s.run(4).workload.seqlen_q, 128);
  EXPECT_EQ(s.run(4).machine.memory("sram")->capacity->amount, 32U << 10);
  EXPECT_FALSE(s.time());
}

TEST_F(StudyFile, ZippedPathsAdvanceTogether) {
  const Study s = study(
      "base: run.yaml\ntime: true\naxes: {seed: [1, 2]}\n"
      "zip:\n  - workload.seqlen: [64, 128, 256]\n    workload.batch: [4, 2, 1]\n");
  ASSERT_EQ(s.points(), 6U);
  EXPECT_EQ(s.values(4), (Texts{"2", "128", "2"}));
  EXPECT_EQ(s.run(4).seed, 2U);
  EXPECT_EQ(s.run(4).workload.seqlen_kv, 128);
  EXPECT_EQ(s.run(4).workload.batch, 2);
  EXPECT_TRUE(s.time());
  ASSERT_EQ(s.axes().size(), 2U);
  EXPECT_EQ(s.axes()[1].paths, (Texts{"workload.seqlen", "workload.batch"}));
}

/// An axis value is what --set takes: names of sections, maps, single values.
TEST_F(StudyFile, EveryPointIsWhatSetWouldMakeOfTheBase) {
  const Study s = study(
      "base: {extends: run.yaml, seed: 7}\naxes:\n"
      "  algorithm: [flash_attention_2, blocked, {name: blocked, depth: 5}]\n"
      "  algorithm.tiles: [fit]\n  workload.seqlen_q: [32, 48]\n");
  ASSERT_EQ(s.points(), 6U);
  const Texts algorithms = {"flash_attention_2", "blocked", "{name: blocked, depth: 5}"};
  for (std::uint64_t point = 0; point < s.points(); ++point) {
    EXPECT_EQ(s.values(point)[0], algorithms[point / 2]);
    const Overrides sets{.sets = {"seed=7", "algorithm=" + algorithms[point / 2],
                                  "algorithm.tiles=fit",
                                  "workload.seqlen_q=" + s.values(point)[2]}};
    EXPECT_EQ(echo(s.run(point)), echo(load_run("run.yaml", sets, catalogue(), search()))) << point;
  }
}

TEST_F(StudyFile, ValuesThatDoNotGoTogetherShowAtTheirPoint) {
  const Study s = study(
      "base: run.yaml\naxes:\n  algorithm: [blocked, flash_attention_2]\n"
      "  workload.pass: [forward, backward]\n");
  EXPECT_EQ(s.run(1).workload.pass, Pass::backward);
  try {
    s.run(3);
    ADD_FAILURE() << "flash_attention_2 has no backward pass here";
  } catch (const UserError& e) {
    EXPECT_STREQ(e.what(),
                 "study.yaml:4:28: workload.pass: 'flash_attention_2' has no backward pass (it "
                 "has: forward)");
  }
}

TEST_F(StudyFile, EveryFaultIsReportedAtOnceWhereItIsWritten) {
  EXPECT_EQ(study_faults("base: {extends: run.yaml, sed: 1}\naxes:\n  workload.seqlen: [64, x]\n"
                         "  workload.haeds: [1]\n  hardware.cores: [8 .. 4 log2]\n"),
            "study.yaml:1:27: unknown key 'sed'; did you mean 'seed'?\n"
            "study.yaml:3:25: workload.seqlen: expected an integer from 1 to 1073741824, got 'x'\n"
            "study.yaml:4:3: workload: unknown key 'haeds'; did you mean 'heads'?\n"
            "study.yaml:5:20: axes.hardware.cores[0]: empty range: '8' is above '4'");
}

TEST_F(StudyFile, HasAnEnd) {
  EXPECT_EQ(study_faults("base: run.yaml\naxes:\n  seed: [1 .. 2000 step 1]\n"
                         "  workload.batch: [1 .. 501 step 1]\n"),
            "study.yaml:3:3: axes: expected at most 1000000 points, got 1002000");
  EXPECT_EQ(study_faults("base: run.yaml\naxes:\n  seed: [1 .. 90000 step 1]\n"
                         "  workload.batch: [1 .. 90000 step 1, 1, 2]\n"),
            "study.yaml:4:19: axes.workload.batch: a study has at most 100000 values on all axes");
}

}  // namespace
}  // namespace attnsim::config
