// The phase argument: capacities and the best length of a phase, by hand; capacities against every
// set of words a phase could have; the best length against every length.
#include <bit>
#include <cstdint>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/bounds/phases.h"

namespace attnsim::bounds {
namespace {

std::uint64_t count(Wide n) { return static_cast<std::uint64_t>(n); }

TEST(WideRoots, AreExactBesideEveryPower) {
  for (std::uint64_t r : {1ULL, 2ULL, 3ULL, 1000ULL, 123456789ULL, (1ULL << 41) - 1}) {
    const Wide square = Wide{r} * r;
    const Wide cube = square * r;
    EXPECT_EQ(count(floor_sqrt(square)), r);
    EXPECT_EQ(count(floor_sqrt(square - 1)), r - 1);
    EXPECT_EQ(count(floor_cbrt(cube)), r);
    EXPECT_EQ(count(floor_cbrt(cube - 1)), r - 1);
  }
  const std::uint64_t largest = (1ULL << 63) - 1;
  EXPECT_EQ(count(floor_sqrt(Wide{largest} * largest)), largest);
  EXPECT_EQ(count(floor_sqrt(Wide{largest} * largest - 1)), largest - 1);
}

TEST(WideRoots, RoundingDownNeverExceeds) {
  EXPECT_EQ(rounded_down(1ULL << 53), 9007199254740992.0);
  EXPECT_EQ(rounded_down((1ULL << 53) + 1), 9007199254740992.0);
  EXPECT_EQ(rounded_down((1ULL << 53) + 3), 9007199254740994.0);  // nearest is ... 996
}

TEST(PairCapacity, ByHand) {
  const PairCapacity lb2(32, 1);         // d = d_v = 2: 4 d (d + d_v)
  EXPECT_EQ(count(lb2.units(10)), 10U);  // 100 / 32 = 3 pairs of whole rows, or ten words of pairs
  EXPECT_EQ(count(lb2.units(40)), 50U);  // 1600 / 32
  EXPECT_EQ(count(lb2.words(50)), 40U);
  EXPECT_EQ(count(lb2.words(49)), 39U);
  EXPECT_EQ(count(lb2.words(9)), 9U);
}

TEST(ProductCapacity, ByHand) {
  const ProductCapacity one(1, 27);
  EXPECT_EQ(count(one.units(12)), 8U);  // 4 + 4 + 4 words: sqrt(64) products
  EXPECT_EQ(count(one.units(6)), 2U);   // floor(sqrt(8))
  EXPECT_EQ(count(one.words(8)), 12U);  // 13^3 = 2197 > 27 x 81 = 2187
  const ProductCapacity five(4, 81);
  EXPECT_EQ(count(five.units(12)), 9U);  // sqrt(4 x 1728 / 81) = 9.2
}

TEST(LeastTransfers, ByHand) {
  // M = 20, 100 pairs. X = 36: 56 words make 98 pairs, a second phase is needed: 36. X = 19: 39
  // words make 47, three phases: 2 x 19 = 38. X = 12: 32 words make 32, four phases: 36. X = 4: 24
  // words make 24, five phases: 16.
  EXPECT_EQ(count(least_transfers(PairCapacity(32, 1), 100, 20, 1)), 38U);
  // With two parts the first phase of each is free: X = 19 gives 19, X = 12 gives 24, X = 4
  // gives 12.
  EXPECT_EQ(count(least_transfers(PairCapacity(32, 1), 100, 20, 2)), 24U);
  EXPECT_EQ(count(least_transfers(PairCapacity(32, 1), 100, 20, 5)), 0U);
  EXPECT_EQ(count(least_transfers(PairCapacity(32, 1), 0, 20, 1)), 0U);
  EXPECT_EQ(count(least_transfers(PairCapacity(32, 1), 100, 100, 1)), 0U);
}

/// Every X until no phase is left over.
std::uint64_t by_every_length(const PhaseCapacity& capacity, Wide work, Wide base, Wide parts) {
  Wide best = 0;
  for (Wide x = 1;; ++x) {
    const Wide phases = ceil_div(work, capacity.units(base + x));
    if (phases <= parts) return count(best);
    best = std::max(best, x * (phases - parts));
  }
}

TEST(LeastTransfers, EqualsTheMaximumOverEveryLength) {
  std::mt19937 random(7);
  const auto from = [&](std::uint64_t low, std::uint64_t high) {
    return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
  };
  for (int i = 0; i < 6000; ++i) {
    const Wide work = from(1, std::uint64_t{1} << from(1, 21));
    const Wide base = from(2, i % 2 == 0 ? 40 : 2000);
    const Wide parts = i % 3 == 0 ? from(2, 9) : 1;
    const PairCapacity pairs(from(1, i % 5 == 0 ? 3000 : 60), from(1, 3));
    ASSERT_EQ(count(least_transfers(pairs, work, base, parts)),
              by_every_length(pairs, work, base, parts))
        << count(work) << " pairs, " << count(base) << " words, " << count(parts) << " parts";
    const ProductCapacity products(i % 2 == 0 ? 1 : 4, i % 2 == 0 ? 27 : 81);
    ASSERT_EQ(count(least_transfers(products, work, base, parts)),
              by_every_length(products, work, base, parts))
        << count(work) << " products, " << count(base) << " words, " << count(parts) << " parts";
  }
}

TEST(LeastTransfers, OfHugeRunsAreNearTheSmoothMaximum) {
  // 2 P d^2 / M - M at X = M, with P = 2^80, d = 64, M = 2^36: 2^57 (1 - 2^-21).
  const double huge =
      rounded_down(least_transfers(PairCapacity(32768, 1), Wide{1} << 80, Wide{1} << 36, 1));
  EXPECT_NEAR(huge / 144115188075855872.0, 1, 1e-5);
  EXPECT_EQ(count(least_transfers(ProductCapacity(1, 27), Wide{1} << 86, Wide{1} << 50, 1)), 0U);
}

using Mask = std::uint32_t;

/// A unit of work of a phase: done when every word of one of the sets is at hand.
using Alternatives = std::vector<Mask>;

/// By the number of words at hand, the most units any set of words completes.
std::vector<int> most_units(int words, const std::vector<Alternatives>& units) {
  std::vector<int> most(static_cast<std::size_t>(words) + 1, 0);
  for (Mask at_hand = 0; at_hand < Mask{1} << words; ++at_hand) {
    int done = 0;
    for (const Alternatives& unit : units) {
      for (const Mask needed : unit) {
        if ((at_hand & needed) != needed) continue;
        ++done;
        break;
      }
    }
    int& best = most[static_cast<std::size_t>(std::popcount(at_hand))];
    best = std::max(best, done);
  }
  return most;
}

/// Gives out the words of rows of operands and of single values.
class Words {
 public:
  /// `rows` rows of `columns` words each: their masks.
  std::vector<Mask> rows(int rows, int columns) {
    std::vector<Mask> out;
    for (int r = 0; r < rows; ++r) out.push_back(((Mask{1} << columns) - 1) << take(columns));
    return out;
  }
  Mask one() { return Mask{1} << take(1); }
  int count() const { return next_; }

 private:
  int take(int n) { return std::exchange(next_, next_ + n); }
  int next_ = 0;
};

void expect_within(const std::vector<int>& most, const PhaseCapacity& capacity, bool tight) {
  bool reached = false;
  for (std::size_t w = 1; w < most.size(); ++w) {
    const auto claimed = static_cast<int>(capacity.units(w));
    EXPECT_LE(most[w], claimed) << w << " words";
    reached = reached || (most[w] == claimed && claimed > 1);
  }
  EXPECT_EQ(reached, tight);
}

// 3 x 3 pairs; a pair is done with its rows of Q, K (LB2: and V; LB3: and dO) or by a word it owns.
struct PairCase {
  int d, dv;
  bool values, gradients;
  Wide divisor;
};

TEST(PairCapacity, HoldsForEverySetOfWords) {
  const PairCase cases[] = {{1, 0, false, false, 4},   // LB1: 4 d^2
                            {2, 0, false, false, 16},  //
                            {1, 1, true, false, 8},    // LB2: 4 d (d + d_v)
                            {1, 2, true, false, 12},   //
                            {1, 1, true, true, 16}};   // LB3-norec: 4 (d + d_v)^2
  for (const PairCase& c : cases) {
    Words words;
    const std::vector<Mask> q = words.rows(3, c.d + (c.gradients ? c.dv : 0));
    const std::vector<Mask> k = words.rows(3, c.d + (c.values ? c.dv : 0));
    std::vector<Alternatives> units;
    for (const Mask row : q) {
      for (const Mask column : k) units.push_back({row | column, words.one()});
    }
    expect_within(most_units(words.count(), units), PairCapacity(c.divisor, 1), true);
  }
}

// LB3-rec with d = d_v = 1, 2 x 2 pairs: scores from q and k, dP from dO and v, each with words of
// its own.
TEST(PairCapacity, HoldsForScoresAndTheirGradients) {
  Words words;
  std::vector<Alternatives> units;
  for (int tree = 0; tree < 2; ++tree) {
    const std::vector<Mask> rows = words.rows(2, 1);
    const std::vector<Mask> columns = words.rows(2, 1);
    for (const Mask row : rows) {
      for (const Mask column : columns) units.push_back({row | column, words.one()});
    }
  }
  expect_within(most_units(words.count(), units), PairCapacity(4, 1), true);
}

/// The products of an I x J x L space: each needs one word of each of three faces.
class Products {
 public:
  using Face = std::vector<std::vector<Mask>>;

  Face face(int rows, int columns) {
    Face out;
    for (int r = 0; r < rows; ++r) {
      out.emplace_back();
      for (int c = 0; c < columns; ++c) out.back().push_back(words_.one());
    }
    return out;
  }
  /// result[a][b] += left[a][c] right[b][c].
  void add(const Face& result, const Face& left, const Face& right) {
    for (std::size_t a = 0; a < left.size(); ++a) {
      for (std::size_t b = 0; b < right.size(); ++b) {
        for (std::size_t c = 0; c < left[a].size(); ++c) {
          units_.push_back({result[a][b] | left[a][c] | right[b][c]});
        }
      }
    }
  }
  static Face transposed(const Face& f) {
    Face out(f[0].size());
    for (const auto& row : f) {
      for (std::size_t c = 0; c < row.size(); ++c) out[c].push_back(row[c]);
    }
    return out;
  }
  std::vector<int> most() const { return most_units(words_.count(), units_); }

 private:
  Words words_;
  std::vector<Alternatives> units_;
};

TEST(ProductCapacity, HoldsForOneProductAndForForward) {
  Products one;
  one.add(one.face(3, 3), one.face(3, 2), one.face(3, 2));
  expect_within(one.most(), ProductCapacity(1, 27), true);

  Products forward;  // S = Q K^T, O = P V; a pair has one word for both
  const auto pairs = forward.face(3, 3);
  forward.add(pairs, forward.face(3, 1), forward.face(3, 1));
  const auto v = forward.face(3, 1);
  forward.add(forward.face(3, 1), pairs, Products::transposed(v));
  expect_within(forward.most(), ProductCapacity(1, 27), true);
}

TEST(ProductCapacity, HoldsForTheFiveProductsOfBackward) {
  Products backward;
  const auto s = backward.face(2, 2), dp = backward.face(2, 2);
  const auto q = backward.face(2, 1), k = backward.face(2, 1);
  const auto dout = backward.face(2, 1), v = backward.face(2, 1);
  const auto dq = backward.face(2, 1), dk = backward.face(2, 1), dv = backward.face(2, 1);
  const auto t = Products::transposed;
  backward.add(s, q, k);
  backward.add(dp, dout, v);
  backward.add(dv, t(s), t(dout));
  backward.add(dk, t(dp), t(q));
  backward.add(dq, dp, t(k));
  const std::vector<int> most = backward.most();
  expect_within(most, ProductCapacity(4, 81), true);
  // One product's capacity would be too small for the five: sharing operands pays.
  bool more_than_one_product = false;
  for (std::size_t w = 1; w < most.size(); ++w) {
    more_than_one_product |= most[w] > static_cast<int>(ProductCapacity(1, 27).units(w));
  }
  EXPECT_TRUE(more_than_one_product);
}

}  // namespace
}  // namespace attnsim::bounds
