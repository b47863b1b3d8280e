// Sums over blocks in O(log), against going through every element.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/trace/closed_form.h"

namespace attnsim {
namespace {

/// The same numbers on every platform, which std distributions do not promise.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::mt19937_64 engine_;
};

TEST(FloorSum, AddsUpFloors) {
  for (std::int64_t m = 1; m <= 9; ++m) {
    for (std::int64_t a = 0; a <= 20; ++a) {
      for (std::int64_t b = 0; b <= 20; ++b) {
        std::uint64_t sum = 0;
        for (std::int64_t n = 0; n <= 25; ++n) {
          ASSERT_EQ(floor_sum(n, m, a, b), sum) << n << ' ' << m << ' ' << a << ' ' << b;
          sum += static_cast<std::uint64_t>((a * n + b) / m);
        }
      }
    }
  }
}

TEST(FloorSum, TakesManyTermsAtOnce) {
  constexpr std::int64_t kMany = std::int64_t{1} << 30;
  EXPECT_EQ(floor_sum(kMany, 1, 0, 3), std::uint64_t{3} << 30);
  EXPECT_EQ(floor_sum(kMany, 5, 5, 4), (std::uint64_t{1} << 59) - (std::uint64_t{1} << 29));
  // Every k = 0 .. 2^20 - 1 stands for 2^10 terms.
  EXPECT_EQ(floor_sum(kMany, 1024, 1, 0), std::uint64_t{1024} * ((1u << 20) - 1) * (1u << 19));
}

TEST(FloorSum, OfNoTermsIsNothing) { EXPECT_EQ(floor_sum(0, 7, 3, 100), 0u); }

bool visible(const Band& band, std::int64_t row, std::int64_t col) {
  const std::int64_t diagonal = col - row / band.row_group;
  return band.lo <= diagonal && diagonal <= band.hi;
}

struct BlockSums {
  std::uint64_t columns = 0, rows = 0, seeing_rows = 0, tiles = 0, elements = 0;
  bool operator==(const BlockSums&) const = default;
};

BlockSums by_element(const Band& band, std::int64_t Br, std::int64_t Bc) {
  BlockSums sums;
  for (std::int64_t r0 = 0; r0 < band.rows; r0 += Br) {
    const std::int64_t r1 = std::min(r0 + Br, band.rows);
    bool sees_any = false;
    for (std::int64_t c0 = 0; c0 < band.cols; c0 += Bc) {
      const std::int64_t c1 = std::min(c0 + Bc, band.cols);
      bool visited = false;
      for (std::int64_t r = r0; r < r1 && !visited; ++r) {
        for (std::int64_t c = c0; c < c1 && !visited; ++c) visited = visible(band, r, c);
      }
      if (!visited) continue;
      sees_any = true;
      sums.columns += static_cast<std::uint64_t>(c1 - c0);
      sums.rows += static_cast<std::uint64_t>(r1 - r0);
      sums.elements += static_cast<std::uint64_t>((r1 - r0) * (c1 - c0));
      ++sums.tiles;
    }
    if (sees_any) sums.seeing_rows += static_cast<std::uint64_t>(r1 - r0);
  }
  return sums;
}

BlockSums by_formula(const Band& band, std::int64_t Br, std::int64_t Bc) {
  return {visited_columns(band, Br, Bc), visited_rows(band, Br, Bc), seeing_rows(band, Br),
          visited_tiles(band, Br, Bc), visited_elements(band, Br, Bc)};
}

std::string text(const Band& band, std::int64_t Br, std::int64_t Bc) {
  return std::to_string(band.rows) + " x " + std::to_string(band.cols) + ", lo " +
         std::to_string(band.lo) + ", hi " + std::to_string(band.hi) + ", group " +
         std::to_string(band.row_group) + ", Br " + std::to_string(Br) + ", Bc " +
         std::to_string(Bc);
}

TEST(VisitedBlocks, OfRandomBands) {
  Dice dice(1);
  for (int i = 0; i < 30'000; ++i) {
    Band band;
    band.row_group = dice.between(1, 4);
    band.rows = dice.between(1, 24) * band.row_group;
    band.cols = dice.between(1, 24);
    band.lo = dice.between(-30, 30);  // also wholly to the left or to the right of the matrix
    band.hi = band.lo + dice.between(0, 40);
    const std::int64_t Br = dice.between(1, 60);
    const std::int64_t Bc = dice.between(1, 30);
    ASSERT_EQ(by_formula(band, Br, Bc), by_element(band, Br, Bc)) << text(band, Br, Bc);
  }
}

/// Any lengths, masks and groups; windows beyond the lengths too.
Workload any_workload(Dice& dice) {
  Workload w;
  w.seqlen_q = dice.between(1, 24);
  w.seqlen_kv = dice.between(1, 3) == 1 ? w.seqlen_q : dice.between(1, 24);
  w.causal = dice.between(0, 1) == 1;
  if (dice.between(0, 1) == 1) w.window_left = dice.between(0, 30);
  if (dice.between(0, 1) == 1) w.window_right = dice.between(0, 30);
  return w;
}

bool visible(const Workload& w, std::int64_t position, std::int64_t key) {
  const std::int64_t diagonal = position + w.seqlen_kv - w.seqlen_q;
  return (!w.causal || key <= diagonal) && (!w.window_left || key >= diagonal - *w.window_left) &&
         (!w.window_right || key <= diagonal + *w.window_right);
}

TEST(BandOf, IsTheMaskOfTheWorkload) {
  Dice dice(2);
  for (int i = 0; i < 3'000; ++i) {
    const Workload w = any_workload(dice);
    const std::int64_t group = dice.between(1, 4);
    const Band band = band_of(w, group);
    ASSERT_EQ(band.rows, w.seqlen_q * group);
    ASSERT_EQ(band.cols, w.seqlen_kv);
    for (std::int64_t r = 0; r < band.rows; ++r) {
      for (std::int64_t c = 0; c < band.cols; ++c) {
        ASSERT_EQ(visible(band, r, c), visible(w, r / group, c)) << text(band, 1, 1);
      }
    }
  }
}

TEST(VisitedBlocks, OfRandomMasks) {
  Dice dice(3);
  for (int i = 0; i < 30'000; ++i) {
    const Band band = band_of(any_workload(dice), dice.between(1, 4));
    const std::int64_t Br = dice.between(1, 100);
    const std::int64_t Bc = dice.between(1, 30);
    ASSERT_EQ(by_formula(band, Br, Bc), by_element(band, Br, Bc)) << text(band, Br, Bc);
  }
}

// The sums that causal FlashAttention's traffic is made of, at N = 1024 (arXiv 2205.14135,
// Algorithm 1, blocks of 64 x 100, and arXiv 2307.08691, Algorithm 1, blocks of 100 x 64).
TEST(VisitedBlocks, OfCausalAttention) {
  const Band causal = band_of({.seqlen_q = 1024, .seqlen_kv = 1024, .causal = true});
  EXPECT_EQ(visited_rows(causal, 64, 100), 6080u);
  EXPECT_EQ(visited_columns(causal, 100, 64), 6848u);
}

// Block i of a causal square sees i + 1 blocks.
TEST(VisitedBlocks, OfVeryLongSequences) {
  constexpr std::int64_t kLong = std::int64_t{1} << 36;
  const Band causal = band_of({.seqlen_q = kLong, .seqlen_kv = kLong, .causal = true});
  constexpr std::int64_t kBlock = std::int64_t{1} << 17;
  constexpr std::uint64_t kBlocks = std::uint64_t{1} << 19;
  constexpr std::uint64_t kPairs = kBlocks * (kBlocks + 1) / 2;
  EXPECT_EQ(visited_columns(causal, kBlock, kBlock), kPairs * kBlock);
  EXPECT_EQ(visited_rows(causal, kBlock, kBlock), kPairs * kBlock);
  EXPECT_EQ(seeing_rows(causal, kBlock), std::uint64_t{1} << 36);
  EXPECT_EQ(visited_tiles(causal, kBlock, kBlock), kPairs);
}

// A window of 2^40, the widest a file may give, is no limit.
TEST(VisitedBlocks, OfAWindowWiderThanTheSequence) {
  constexpr std::int64_t kWide = std::int64_t{1} << 40;
  const Workload w{.seqlen_q = 100, .seqlen_kv = 70, .window_left = kWide, .window_right = kWide};
  EXPECT_EQ(visited_columns(band_of(w), 30, 30), 4u * 70);
  EXPECT_EQ(visited_rows(band_of(w), 30, 30), 3u * 100);
  EXPECT_EQ(seeing_rows(band_of(w), 30), 100u);
}

}  // namespace
}  // namespace attnsim
