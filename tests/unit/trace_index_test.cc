// Coordinates: what is noted of their use.
#include <gtest/gtest.h>

#include "sim/trace/index.h"

namespace attnsim {
namespace {

TEST(Index, NotesThatItsNumberWasRead) {
  Observation seen;
  const Index i(3, &seen);
  const Index shifted = i * 4 + 1;
  EXPECT_FALSE(seen.value_read);
  EXPECT_EQ(shifted.value(), 13);
  EXPECT_TRUE(seen.value_read);
}

TEST(Index, NotesWhatItWasDividedBy) {
  Observation seen;
  const Index i(13, &seen);
  EXPECT_EQ(i.divided(4).divided(3).value(), 1);
  EXPECT_EQ(seen.period, 12);
}

TEST(Index, ASumNotesForBothCoordinates) {
  Observation plane, chunk;
  const Index sum = Index(5, &plane) * 10 + Index(7, &chunk);
  EXPECT_FALSE(plane.value_read || chunk.value_read);
  EXPECT_EQ(sum.divided(2).value(), 28);
  EXPECT_TRUE(plane.value_read);
  EXPECT_TRUE(chunk.value_read);
  EXPECT_EQ(plane.period, 2);
  EXPECT_EQ(chunk.period, 2);
}

TEST(Index, ASumOfThreeCoordinatesIsNotFollowed) {
  Observation a, b, c;
  const Index two = Index(1, &a) + Index(2, &b);
  const Index again = two + Index(3, &a);
  EXPECT_FALSE(a.value_read || b.value_read);
  const Index three = again + Index(4, &c);
  EXPECT_TRUE(a.value_read && b.value_read && c.value_read);
  EXPECT_EQ(three.value(), 10);
}

TEST(RunWithinABlock, OfASumReadsIt) {
  Observation a, b;
  const auto run = attnsim::Run::within_block(Index(1, &a) + Index(2, &b), 10, 35);
  EXPECT_EQ(run.begin, 30);
  EXPECT_EQ(run.end, 35);
  EXPECT_TRUE(a.value_read && b.value_read);
}

TEST(Index, ASumWithAPlainNumberNotesForTheOther) {
  Observation seen;
  EXPECT_EQ((Index(5) + Index(7, &seen)).value(), 12);
  EXPECT_TRUE(seen.value_read);
}

}  // namespace
}  // namespace attnsim
