// Runs of tiles with kinds, and the local mask of a tile, against the mask element by element.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/trace/mask.h"

namespace attnsim {

namespace {

using Runs = std::vector<Run>;

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(engine_() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::mt19937_64 engine_;
};

/// A mask cut into tiles, with every question answered by going through the elements of a tile.
struct Grid {
  Workload w{};
  std::int64_t group = 1;
  std::int64_t Br = 1, Bc = 1;

  std::int64_t rows() const { return w.seqlen_q * group; }
  std::int64_t row_blocks() const { return (rows() + Br - 1) / Br; }
  std::int64_t key_blocks() const { return (w.seqlen_kv + Bc - 1) / Bc; }

  bool right_of_band(std::int64_t row, std::int64_t key) const {
    const std::int64_t diagonal = row / group + w.seqlen_kv - w.seqlen_q;
    return (w.causal && key > diagonal) || (w.window_right && key > diagonal + *w.window_right);
  }
  bool left_of_band(std::int64_t row, std::int64_t key) const {
    const std::int64_t diagonal = row / group + w.seqlen_kv - w.seqlen_q;
    return w.window_left && key < diagonal - *w.window_left;
  }

  struct Tally {
    std::int64_t visible = 0, left = 0, right = 0;
  };
  Tally tally(std::int64_t i, std::int64_t j) const {
    Tally t;
    for (std::int64_t r = i * Br; r < std::min((i + 1) * Br, rows()); ++r) {
      for (std::int64_t c = j * Bc; c < std::min((j + 1) * Bc, w.seqlen_kv); ++c) {
        const bool left = left_of_band(r, c);
        const bool right = right_of_band(r, c);
        t.left += left ? 1 : 0;
        t.right += right ? 1 : 0;
        t.visible += left || right ? 0 : 1;
      }
    }
    return t;
  }

  std::string text() const {
    return std::to_string(w.seqlen_q) + " x " + std::to_string(w.seqlen_kv) +
           (w.causal ? ", causal" : "") +
           (w.window_left ? ", left " + std::to_string(*w.window_left) : "") +
           (w.window_right ? ", right " + std::to_string(*w.window_right) : "") + ", group " +
           std::to_string(group) + ", Br " + std::to_string(Br) + ", Bc " + std::to_string(Bc);
  }
};

Grid any_grid(Dice& dice) {
  Grid g;
  g.w.seqlen_q = dice.between(1, 20);
  g.w.seqlen_kv = dice.between(1, 3) == 1 ? g.w.seqlen_q : dice.between(1, 20);
  g.w.causal = dice.between(0, 1) == 1;
  if (dice.between(0, 1) == 1) g.w.window_left = dice.between(0, 25);
  if (dice.between(0, 1) == 1) g.w.window_right = dice.between(0, 25);
  g.group = dice.between(1, 4);
  g.Br = dice.between(1, 4) == 1 ? dice.between(1, 90) : dice.between(1, 12);
  g.Bc = dice.between(1, 4) == 1 ? dice.between(1, 30) : dice.between(1, 8);
  return g;
}

/// The tiles of one row or column block, one by one, with their kinds.
template <typename TallyOf>
void expect_runs_match(const Runs& runs, std::int64_t blocks, TallyOf tally_of) {
  std::int64_t next = 0;  // tiles before this one have been compared
  const auto expect_hidden_until = [&](std::int64_t end) {
    for (; next < end; ++next) ASSERT_EQ(tally_of(next).visible, 0) << "left out tile " << next;
  };
  for (const Run& run : runs) {
    ASSERT_LT(run.begin, run.end);
    ASSERT_LE(next, run.begin) << "not ascending";
    expect_hidden_until(run.begin);
    for (; next < run.end; ++next) {
      const Grid::Tally t = tally_of(next);
      ASSERT_GT(t.visible, 0) << "visited tile " << next;
      ASSERT_EQ(run.kind == TileKind::full, t.left + t.right == 0) << "tile " << next;
      if (run.kind == TileKind::diagonal) {
        ASSERT_EQ(t.left, 0) << "tile " << next;
        ASSERT_GT(t.right, 0) << "tile " << next;
      }
    }
  }
  ASSERT_LE(next, blocks);
  expect_hidden_until(blocks);
}

/// "0..2 full, 2..3 diagonal".
std::string text(const Runs& runs) {
  constexpr const char* kKinds[] = {"full", "diagonal", "partial"};
  std::string out;
  for (const Run& run : runs) {
    out += (out.empty() ? "" : ", ") + std::to_string(run.begin) + ".." + std::to_string(run.end) +
           ' ' + kKinds[static_cast<int>(run.kind)] + (run.descending ? " down" : "");
  }
  return out;
}

TEST(AttentionMask, KeyBlocksAreThoseWithAVisibleElement) {
  Dice dice(1);
  for (int n = 0; n < 10'000; ++n) {
    const Grid g = any_grid(dice);
    SCOPED_TRACE(g.text());
    const AttentionMask mask(g.w, g.group);
    ASSERT_EQ(mask.rows(), g.rows());
    ASSERT_EQ(mask.keys(), g.w.seqlen_kv);
    for (std::int64_t i = 0; i < g.row_blocks(); ++i) {
      ASSERT_NO_FATAL_FAILURE(expect_runs_match(mask.key_blocks(i, g.Br, g.Bc), g.key_blocks(),
                                                [&](std::int64_t j) { return g.tally(i, j); }));
    }
  }
}

TEST(AttentionMask, RowBlocksAreThoseWithAVisibleElement) {
  Dice dice(2);
  for (int n = 0; n < 10'000; ++n) {
    const Grid g = any_grid(dice);
    SCOPED_TRACE(g.text());
    const AttentionMask mask(g.w, g.group);
    for (std::int64_t j = 0; j < g.key_blocks(); ++j) {
      ASSERT_NO_FATAL_FAILURE(expect_runs_match(mask.row_blocks(j, g.Br, g.Bc), g.row_blocks(),
                                                [&](std::int64_t i) { return g.tally(i, j); }));
    }
  }
}

/// Kinds tile by tile, whatever the runs they came in.
std::vector<std::pair<std::int64_t, TileKind>> tiles_of(const Runs& runs) {
  std::vector<std::pair<std::int64_t, TileKind>> out;
  for (const Run& run : runs) {
    for (std::int64_t i = run.begin; i < run.end; ++i) out.emplace_back(i, run.kind);
  }
  return out;
}

TEST(AttentionMask, FirstVisitsAreTagged) {
  constexpr std::uint8_t kFirst = 7;
  Dice dice(3);
  for (int n = 0; n < 10'000; ++n) {
    const Grid g = any_grid(dice);
    SCOPED_TRACE(g.text());
    const AttentionMask mask(g.w, g.group);
    std::vector<bool> seen(static_cast<std::size_t>(g.row_blocks()), false);
    for (std::int64_t j = 0; j < g.key_blocks(); ++j) {
      const Runs runs = mask.row_blocks_by_visit(j, g.Br, g.Bc, kFirst);
      ASSERT_EQ(tiles_of(runs), tiles_of(mask.row_blocks(j, g.Br, g.Bc)));
      for (const auto& run : runs) {
        ASSERT_LT(run.begin, run.end);
        for (auto i = static_cast<std::size_t>(run.begin); std::cmp_less(i, run.end); ++i) {
          ASSERT_EQ(run.tag, seen[i] ? 0 : kFirst) << "tile " << i << ", " << j;
          seen[i] = true;
        }
      }
    }
  }
}

TEST(AttentionMask, TheBandOfATileShowsTheElementsTheMaskShows) {
  Dice dice(4);
  for (int n = 0; n < 3'000; ++n) {
    const Grid g = any_grid(dice);
    SCOPED_TRACE(g.text());
    const AttentionMask mask(g.w, g.group);
    for (std::int64_t i = 0; i < g.row_blocks(); ++i) {
      for (std::int64_t j = 0; j < g.key_blocks(); ++j) {
        const LocalBand band = mask.band(i, g.Br, j, g.Bc);
        for (std::int64_t r = i * g.Br; r < std::min((i + 1) * g.Br, g.rows()); ++r) {
          for (std::int64_t c = j * g.Bc; c < std::min((j + 1) * g.Bc, g.w.seqlen_kv); ++c) {
            const std::int64_t diagonal =
                c - j * g.Bc - (r - i * g.Br + band.phase) / band.row_group;
            ASSERT_EQ(band.lo <= diagonal && diagonal <= band.hi,
                      !g.left_of_band(r, c) && !g.right_of_band(r, c))
                << "row " << r << ", key " << c;
          }
        }
      }
    }
  }
}

TEST(AttentionMask, DenseIsOneFullRun) {
  const AttentionMask mask({.seqlen_q = 10, .seqlen_kv = 7});
  EXPECT_EQ(text(mask.key_blocks(3, 3, 2)), "0..4 full");
  EXPECT_EQ(text(mask.row_blocks(3, 3, 2)), "0..4 full");
}

// Rows 4 .. 5 of a causal square see keys 0 .. 5: two full tiles of two keys, one on the diagonal.
TEST(AttentionMask, CausalEndsOnTheDiagonal) {
  const AttentionMask mask({.seqlen_q = 8, .seqlen_kv = 8, .causal = true});
  EXPECT_EQ(text(mask.key_blocks(2, 2, 2)), "0..2 full, 2..3 diagonal");
  EXPECT_EQ(text(mask.row_blocks(2, 2, 2)), "2..3 diagonal, 3..4 full");
}

TEST(AttentionMask, ReversedRunsAreVisitedFromTheLastTileOn) {
  const AttentionMask mask({.seqlen_q = 8, .seqlen_kv = 8, .causal = true});
  const Runs down = reversed(mask.key_blocks(3, 2, 2));
  EXPECT_EQ(text(down), "3..4 diagonal down, 0..3 full down");
  EXPECT_EQ(text(reversed(down)), "0..3 full, 3..4 diagonal");
}

// Position p sees keys p - 3 .. p: rows 6 .. 7 see 3 .. 7, all of them only 4 .. 6.
TEST(AttentionMask, ASlidingWindowHasTwoEdges) {
  const AttentionMask mask({.seqlen_q = 9, .seqlen_kv = 9, .causal = true, .window_left = 3});
  EXPECT_EQ(text(mask.key_blocks(3, 2, 2)), "1..2 partial, 2..3 full, 3..4 diagonal");
}

// 5 queries, 2 keys, causal: the last two rows see keys, the first three see none.
TEST(AttentionMask, RowsWithoutKeysComeFirst) {
  const AttentionMask mask({.seqlen_q = 5, .seqlen_kv = 2, .causal = true});
  EXPECT_EQ(text(mask.key_blocks(0, 3, 2)), "");
  EXPECT_EQ(text(mask.key_blocks(1, 3, 2)), "0..1 diagonal");
  EXPECT_EQ(text(mask.row_blocks(0, 3, 2)), "1..2 diagonal");
}

// Two heads interleaved: packed rows 0 .. 3 are positions 0, 0, 1, 1.
TEST(AttentionMask, PackedRowsShareTheirPosition) {
  const AttentionMask mask({.seqlen_q = 4, .seqlen_kv = 4, .causal = true}, 2);
  EXPECT_EQ(mask.rows(), 8);
  EXPECT_EQ(text(mask.key_blocks(1, 4, 1)), "0..3 full, 3..4 diagonal");
  const LocalBand odd = mask.band(1, 3, 0, 2);  // starts with the second head of position 1
  EXPECT_EQ(odd.hi, 1);
  EXPECT_EQ(odd.row_group, 2);
  EXPECT_EQ(odd.phase, 1);
}

TEST(AttentionMask, LongSequencesNeedNoEnumeration) {
  constexpr std::int64_t kLong = std::int64_t{1} << 40;
  const AttentionMask mask({.seqlen_q = kLong, .seqlen_kv = kLong, .causal = true});
  EXPECT_EQ(text(mask.key_blocks(kLong / 128 - 1, 128, 128)),
            "0..8589934591 full, 8589934591..8589934592 diagonal");
}

TEST(AllBlocks, IsOneRunWithoutMask) {
  EXPECT_EQ(text(all_blocks(5)), "0..5 full");
  EXPECT_EQ(text(all_blocks(0)), "");
}

TEST(CeilDiv, RoundsUpOnEitherSideOfZero) {
  for (std::int64_t b = 1; b <= 7; ++b) {
    for (std::int64_t a = -30; a <= 30; ++a) {
      const std::int64_t q = ceil_div(a, b);
      EXPECT_TRUE(q * b >= a && (q - 1) * b < a) << a << " / " << b;
    }
  }
}

}  // namespace
}  // namespace attnsim
