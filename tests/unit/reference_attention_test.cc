// The reference attention against cases worked out by hand.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/reference/attention.h"
#include "tests/support/arrays.h"

namespace attnsim::reference {
namespace {

using test::Array;
using test::scattered;

// For values of order 1. The expected values are computed in double with a handful of roundings of
// 1.1e-16 each, the actual ones in long double, which some platforms make no wider than double.
constexpr double kTolerance = 2e-15;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

void expect_near(const Array& actual, const Array& expected, double tolerance = kTolerance) {
  test::expect_near(actual, expected, tolerance);
}

TEST(ReferenceAttention, OneQueryOneKey) {
  const AttentionProblem problem{.head_dim = 2, .head_dim_v = 3, .scale = 0.5};
  const auto out = attention(problem, Array{2, 3}, Array{5, 7}, Array{1, -2, 4});
  EXPECT_EQ(out.o, (Array{1, -2, 4}));
  EXPECT_EQ(out.lse, (Array{0.5 * (2 * 5 + 3 * 7)}));
}

// Scores 0 and log 3: probabilities 1/4 and 3/4, LSE log 4.
TEST(ReferenceAttention, TwoKeys) {
  const AttentionProblem problem{.seqlen_kv = 2, .head_dim_v = 2};
  const auto out = attention(problem, Array{1}, Array{0, std::log(3.0)}, Array{8, 0, 4, 1});
  expect_near(out.o, {5, 0.75}, 5 * kTolerance);
  expect_near(out.lse, {2 * std::numbers::ln2});
}

TEST(ReferenceAttention, ScaleMultipliesTheScores) {
  const AttentionProblem problem{.seqlen_kv = 2, .scale = 0.25};
  const auto out = attention(problem, Array{4}, Array{0, std::log(3.0)}, Array{0, 1});
  expect_near(out.o, {0.75});
  expect_near(out.lse, {2 * std::numbers::ln2});
}

TEST(ReferenceAttention, EqualScoresGiveTheMeanOfV) {
  const AttentionProblem problem{.seqlen_q = 2, .seqlen_kv = 4, .head_dim = 3, .head_dim_v = 2};
  const auto out =
      attention(problem, Array(6, 0.0), scattered(12, 1), Array{1, 10, 2, 20, 3, 30, 6, 60});
  expect_near(out.o, {3, 30, 3, 30}, 30 * kTolerance);
  expect_near(out.lse, {std::log(4.0), std::log(4.0)});
}

// Scores are 0, so each row is the mean of the values that it sees.
TEST(ReferenceAttention, CausalSquare) {
  const AttentionProblem problem{.seqlen_q = 3, .seqlen_kv = 3, .causal = true};
  const auto out = attention(problem, Array(3, 0.0), Array(3, 0.0), Array{3, 5, 10});
  expect_near(out.o, {3, 4, 6}, 6 * kTolerance);
  expect_near(out.lse, {0, std::log(2.0), std::log(3.0)});
}

// shift = 2: the first row sees keys 0 .. 2, not only key 0.
TEST(ReferenceAttention, CausalIsAlignedBottomRight) {
  const AttentionProblem problem{.seqlen_q = 2, .seqlen_kv = 4, .causal = true};
  const auto out = attention(problem, Array(2, 0.0), Array(4, 0.0), Array{1, 2, 6, 15});
  expect_near(out.o, {3, 6}, 6 * kTolerance);
  expect_near(out.lse, {std::log(3.0), std::log(4.0)});
}

// With causal and window_left 0 the first row is V[shift].
TEST(ReferenceAttention, CausalFirstRowEndsAtTheShift) {
  const AttentionProblem problem{.seqlen_q = 2, .seqlen_kv = 4, .causal = true, .window_left = 0};
  const auto out = attention(problem, Array{1, 1}, Array{4, 3, 2, 1}, Array{1, 2, 6, 15});
  EXPECT_EQ(out.o, (Array{6, 15}));
  EXPECT_EQ(out.lse, (Array{2, 1}));
}

// shift = -2: rows 0 and 1 see no key.
TEST(ReferenceAttention, RowsWithoutAKey) {
  const AttentionProblem problem{.seqlen_q = 4, .seqlen_kv = 2, .head_dim_v = 2, .causal = true};
  const auto out = attention(problem, Array{1, 1, 1, 0}, Array{3, 9}, Array{5, 6, 7, 8});
  expect_near(out.o, {0, 0, 0, 0, 5, 6, 6, 7}, 8 * kTolerance);
  EXPECT_EQ(out.lse[0], -kInfinity);
  EXPECT_EQ(out.lse[1], -kInfinity);
  EXPECT_EQ(out.lse[2], 3);
  EXPECT_NEAR(out.lse[3], std::numbers::ln2, kTolerance);
}

TEST(ReferenceAttention, WindowOfNothingButTheDiagonal) {
  const AttentionProblem problem{
      .seqlen_q = 3, .seqlen_kv = 5, .window_left = 0, .window_right = 0};
  const auto out =
      attention(problem, Array{1, 2, 3}, Array{1, 2, 3, 4, 5}, Array{10, 20, 30, 40, 50});
  EXPECT_EQ(out.o, (Array{30, 40, 50}));
  EXPECT_EQ(out.lse, (Array{3, 8, 15}));
}

TEST(ReferenceAttention, VisibleKeys) {
  const auto keys = [](const AttentionProblem& problem, std::int64_t row) {
    std::vector<std::int64_t> seen;
    for (std::int64_t col = 0; col < problem.seqlen_kv; ++col) {
      if (visible(problem, row, col)) seen.push_back(col);
    }
    return seen;
  };
  using Keys = std::vector<std::int64_t>;
  AttentionProblem problem{.seqlen_q = 3, .seqlen_kv = 5};  // shift 2
  EXPECT_EQ(keys(problem, 0), (Keys{0, 1, 2, 3, 4}));
  problem.causal = true;
  EXPECT_EQ(keys(problem, 0), (Keys{0, 1, 2}));
  EXPECT_EQ(keys(problem, 2), (Keys{0, 1, 2, 3, 4}));
  problem.window_left = 1;
  EXPECT_EQ(keys(problem, 0), (Keys{1, 2}));
  EXPECT_EQ(keys(problem, 2), (Keys{3, 4}));
  problem.window_right = 1;  // causal is the smaller bound
  EXPECT_EQ(keys(problem, 0), (Keys{1, 2}));
  problem.causal = false;
  EXPECT_EQ(keys(problem, 0), (Keys{1, 2, 3}));
  problem.window_left.reset();
  EXPECT_EQ(keys(problem, 1), (Keys{0, 1, 2, 3, 4}));
  problem.window_right = -3;
  EXPECT_EQ(keys(problem, 0), (Keys{}));
  EXPECT_EQ(keys(problem, 1), (Keys{0}));
  problem.window_left = std::numeric_limits<std::int64_t>::max();
  problem.window_right = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(keys(problem, 0), (Keys{0, 1, 2, 3, 4}));
}

// One key per KV head, so that each query head returns the V of the KV head that it uses.
TEST(ReferenceAttention, QueryHeadsShareKvHeads) {
  AttentionProblem problem{.batch = 2, .heads = 4, .kv_heads = 2};
  const Array q{1, 2, 3, 4, 5, 6, 7, 8};
  auto out = attention(problem, q, Array{1, 10, 100, 1000}, Array{11, 12, 21, 22});
  EXPECT_EQ(out.o, (Array{11, 11, 12, 12, 21, 21, 22, 22}));
  EXPECT_EQ(out.lse, (Array{1, 2, 30, 40, 500, 600, 7000, 8000}));

  problem.kv_heads = 1;  // MQA
  out = attention(problem, q, Array{1, 10}, Array{11, 21});
  EXPECT_EQ(out.o, (Array{11, 11, 11, 11, 21, 21, 21, 21}));
  EXPECT_EQ(out.lse, (Array{1, 2, 3, 4, 50, 60, 70, 80}));
}

// Scores of +-1e5, whose exponentials no floating-point type here holds.
TEST(ReferenceAttention, LargeScoresDoNotOverflow) {
  const AttentionProblem problem{.seqlen_q = 2, .seqlen_kv = 3};
  const auto out = attention(problem, Array{1, -1}, Array{1e5, 1e5, -1e5}, Array{2, 4, 7});
  expect_near(out.o, {3, 7}, 7 * kTolerance);
  // Doubles near 1e5 are 1.5e-11 apart.
  expect_near(out.lse, {1e5 + std::numbers::ln2, 1e5}, 3e-11);
}

// Adding a constant t to every key's score leaves O alone and adds t to LSE: q . (k + u) =
// q . k + q . u, with u the same for all keys.
TEST(ReferenceAttention, ShiftOfTheScores) {
  AttentionProblem problem{.batch = 2,
                           .heads = 2,
                           .kv_heads = 1,
                           .seqlen_q = 5,
                           .seqlen_kv = 7,
                           .head_dim = 3,
                           .head_dim_v = 2};
  problem.causal = true;
  const Array q = scattered(2 * 2 * 5 * 3, 2);
  const Array k = scattered(2 * 7 * 3, 3);
  const Array v = scattered(2 * 7 * 2, 4);
  const double u = 16;
  Array moved = k;
  for (double& x : moved) x += u;
  const auto out = attention(problem, q, k, v);
  const auto shifted = attention(problem, q, moved, v);
  // k + u is exact (k has 24 bits). Scores are below 64, whose neighbours in double are 7.1e-15
  // away: a few roundings of that size move a probability, and so O, by at most 5e-14.
  expect_near(shifted.o, out.o, 5e-14);
  for (std::size_t row = 0; row < out.lse.size(); ++row) {
    const double t = u * (q[3 * row] + q[3 * row + 1] + q[3 * row + 2]);
    EXPECT_NEAR(shifted.lse[row], out.lse[row] + t, 5e-14) << "row " << row;
  }
}

// Definition, with the exponentials taken directly: scores of order 1 need no maximum.
TEST(ReferenceAttention, TextbookSoftmax) {
  const AttentionProblem problem{.seqlen_q = 1, .seqlen_kv = 4, .head_dim = 2, .scale = 0.7};
  const Array q = scattered(2, 5);
  const Array k = scattered(8, 6);
  const Array v = scattered(4, 7);
  double sum = 0;
  double weighted = 0;
  for (std::size_t c = 0; c < 4; ++c) {
    const double p = std::exp(0.7 * (q[0] * k[2 * c] + q[1] * k[2 * c + 1]));
    sum += p;
    weighted += p * v[c];
  }
  const auto out = attention(problem, q, k, v);
  expect_near(out.o, {weighted / sum});
  expect_near(out.lse, {std::log(sum)}, 2 * kTolerance);
}

TEST(ReferenceAttention, RefusesArraysOfAnotherSize) {
  const Array one(1, 0.0);
  const Array two(2, 0.0);
  EXPECT_NO_THROW(attention({}, one, one, one));
  EXPECT_THROW(attention({}, two, one, one), std::invalid_argument);
  EXPECT_THROW(attention({}, one, two, one), std::invalid_argument);
  EXPECT_THROW(attention({}, one, one, two), std::invalid_argument);
  EXPECT_THROW(attention({.seqlen_q = 0}, {}, one, one), std::invalid_argument);
  EXPECT_THROW(attention({.heads = 3, .kv_heads = 2}, Array(3, 0.0), two, two),
               std::invalid_argument);
}

}  // namespace
}  // namespace attnsim::reference
