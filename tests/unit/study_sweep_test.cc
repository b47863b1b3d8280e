// Points of a study: what each answers, and that all are kept, however the work ends.
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "sim/core/two_level.h"
#include "sim/study/sweep.h"

namespace attnsim::study {
namespace {

RunSpec run_on(std::uint64_t words) {
  RunSpec run{.machine = two_level_machine(words),
              .algorithm = {.name = "flash_attention_2", .tiles = {.rule = TileRule::fit}}};
  run.workload = {.batch = 1,
                  .heads = 1,
                  .kv_heads = 1,
                  .seqlen_q = 64,
                  .seqlen_kv = 64,
                  .head_dim = 16,
                  .head_dim_v = 16};
  return run;
}

TEST(AnswerPoint, HasTheResultInShort) {
  const PointAnswer answer = answer_point(run_on(4096), false);
  ASSERT_TRUE(answer.result) << answer.no_result;
  const PointSummary summary = summary_of(answer);
  const IoRow& total = *answer.result->io_row("hbm", "total");
  EXPECT_EQ(summary.no_result, "");
  EXPECT_TRUE(summary.fits);
  EXPECT_EQ(summary.memory, "hbm");
  EXPECT_EQ(summary.home, "hbm");
  EXPECT_EQ(summary.bytes, total.bytes().count);
  EXPECT_EQ(summary.words, total.words().count);
  EXPECT_EQ(summary.home_bytes, summary.bytes);
  EXPECT_TRUE(summary.tiles.starts_with("Br ")) << summary.tiles;
  EXPECT_FALSE(summary.seconds);
  EXPECT_EQ(summary.no_time, "");
}

TEST(AnswerPoint, SaysWhyThereIsNoTime) {
  const PointSummary summary = summary_of(answer_point(run_on(4096), true));
  EXPECT_FALSE(summary.seconds);
  EXPECT_NE(summary.no_time, "");
}

TEST(AnswerPoint, OfAMachineThatHoldsNothingIsTheReason) {
  const PointAnswer answer = answer_point(run_on(8), false);
  EXPECT_FALSE(answer.result);
  EXPECT_NE(answer.no_result.find("even the smallest block needs"), std::string::npos)
      << answer.no_result;
  EXPECT_EQ(summary_of(answer).no_result, answer.no_result);
}

class Sweep : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "attnsim_sweep_XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file() const { return (folder_ / "study.sqlite").string(); }

 private:
  std::filesystem::path folder_;
};

store::StoredResult numbered(std::size_t point) {
  return {.key = std::to_string(point), .document = "document " + std::to_string(point)};
}

TEST_F(Sweep, KeepsEveryPoint) {
  store::ResultStore store(file());
  const std::atomic<bool> stop = false;
  sweep({.points = 500, .compute = numbered, .store = store, .jobs = 3, .stop = stop});
  EXPECT_EQ(store.keys().size(), 500U);
  EXPECT_EQ(store.get("499").document, "document 499");
}

TEST_F(Sweep, EndsEarlyWithWhatIsComputed) {
  store::ResultStore store(file());
  std::atomic<bool> stop = false;
  const auto compute = [&](std::size_t point) {
    if (point == 20) stop = true;
    return numbered(point);
  };
  sweep({.points = 500, .compute = compute, .store = store, .jobs = 1, .stop = stop});
  EXPECT_EQ(store.keys().size(), 21U);
}

TEST_F(Sweep, AFailureIsThrownOnAfterTheOthersAreKept) {
  store::ResultStore store(file());
  const std::atomic<bool> stop = false;
  const auto compute = [](std::size_t point) {
    if (point == 7) throw std::runtime_error("seven");
    return numbered(point);
  };
  EXPECT_THROW(sweep({.points = 500, .compute = compute, .store = store, .jobs = 1, .stop = stop}),
               std::runtime_error);
  EXPECT_EQ(store.keys().size(), 7U);
}

}  // namespace
}  // namespace attnsim::study
