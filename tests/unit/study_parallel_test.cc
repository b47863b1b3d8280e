// Work on several threads: every piece once, progress in order, the first failure out.
#include <atomic>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "sim/study/parallel.h"

namespace attnsim::study {
namespace {

class Steps final : public Progress {
 public:
  void step(std::uint64_t done, std::uint64_t total, std::string_view) override {
    EXPECT_EQ(total, 100U);
    seen.push_back(done);
  }
  std::vector<std::uint64_t> seen;
};

TEST(ParallelFor, DoesEveryPieceOnceAndCountsThemUp) {
  for (const unsigned jobs : {0U, 1U, 3U, 200U}) {
    std::vector<std::atomic<int>> done(100);
    Steps steps;
    parallel_for(
        done.size(), jobs, [&](std::size_t i) { ++done[i]; }, &steps);
    for (const auto& times : done) EXPECT_EQ(times, 1);
    ASSERT_EQ(steps.seen.size(), 100U);
    for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(steps.seen[i], i + 1);
  }
}

TEST(ParallelFor, ThrowsOnAndStartsNoMore) {
  std::atomic<int> started = 0;
  const auto work = [&](std::size_t i) {
    ++started;
    if (i == 3) throw std::runtime_error("three");
  };
  EXPECT_THROW(parallel_for(1000000, 1, work), std::runtime_error);
  EXPECT_EQ(started, 4);
  EXPECT_THROW(parallel_for(100, 4, work), std::runtime_error);
  parallel_for(0, 4, work);
}

}  // namespace
}  // namespace attnsim::study
