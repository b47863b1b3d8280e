// How the keys of few tasks are divided: choices of the released rule worked out by hand.
#include <gtest/gtest.h>

#include "sim/trace/splits.h"

namespace attnsim {
namespace {

constexpr std::int64_t kMost = 128;
constexpr std::int64_t kPlaces = 216;  // two on each SM of an A100

TEST(KeySplits, LeavesTasksWholeThatNearlyFillThePlaces) {
  EXPECT_EQ(key_splits(173, kPlaces, 1000, kMost), 1);  // 173 >= 0.8 * 216 = 172.8
  EXPECT_NE(key_splits(172, kPlaces, 1000, kMost), 1);
}

// 2 tasks of 512 blocks. Of the splits up to 128 that cut finer than one less, 103 fill most of a
// wave: 206 of 216 places; 86 fill 172, 0.796 of the places and less than 0.85 of that.
TEST(KeySplits, FillsOneWaveWithFewTasks) {
  EXPECT_EQ(key_splits(2, kPlaces, 512, kMost), 103);
  // Of up to 64 the best is 64 with 128 places; 57 (of 9 blocks) fill 114, 52 (of 10) only 104.
  EXPECT_EQ(key_splits(2, kPlaces, 512, 64), 57);
}

// 128 tasks of 8 blocks: one split fills 0.59 of a wave, two 256 of 432, three 384 of 432 (0.89),
// four 512 of 648 (0.79), eight 1024 of 1080 (0.95). Three reach 0.85 of that.
TEST(KeySplits, TakesTheFewestThatDoNearlyAsWell) {
  EXPECT_EQ(key_splits(128, kPlaces, 8, kMost), 3);
}

TEST(KeySplits, NeverExceedsTheBlocks) {
  EXPECT_EQ(key_splits(1, kPlaces, 1, kMost), 1);
  EXPECT_EQ(key_splits(1, kPlaces, 7, kMost), 7);
  EXPECT_EQ(key_splits(1, 2, 7, kMost), 2);
}

TEST(SplitPart, DividesAsEvenlyAsWholeBlocksAllow) {
  const attnsim::Run second = split_part(10, 4, 1);  // 3, 3, 3 and 1
  EXPECT_EQ(second.begin, 3);
  EXPECT_EQ(second.end, 6);
  EXPECT_EQ(split_part(10, 4, 3).size(), 1);
  EXPECT_EQ(used_parts(10, 4), 4);
  EXPECT_EQ(used_parts(10, 6), 5);  // of two
}

// 11 blocks to 4 CTAs: 3, 3, 3 and 2.
TEST(Deal, GivesTheFirstCtasOneMore) {
  const Deal deal{.blocks = 11, .ctas = 4};
  const std::int64_t begins[] = {0, 3, 6, 9, 11};
  for (std::int64_t cta = 0; cta <= 4; ++cta) EXPECT_EQ(deal.begin(cta), begins[cta]);
  for (std::int64_t block = 0; block < 11; ++block) {
    const std::int64_t cta = deal.owner(block);
    EXPECT_GE(block, deal.begin(cta));
    EXPECT_LT(block, deal.begin(cta + 1));
  }
}

TEST(Deal, LeavesCtasBeyondTheBlocksWithNone) {
  const Deal deal{.blocks = 2, .ctas = 3};
  EXPECT_EQ(deal.begin(2), 2);
  EXPECT_EQ(deal.begin(3), 2);
  EXPECT_EQ(deal.owner(1), 1);
}

}  // namespace
}  // namespace attnsim
