// The reference gradients against cases worked out by hand and against finite differences of the
// reference forward pass.
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/reference/attention.h"
#include "tests/support/arrays.h"

namespace attnsim::reference {
namespace {

using test::Array;
using test::expect_near;
using test::scattered;

constexpr double kTolerance = 1e-14;

// P = (1/4, 3/4), dP = dO V = (16, 8), D = 10, dS = (3/2, -3/2).
TEST(ReferenceGradients, OneQueryTwoKeys) {
  const double log3 = std::log(3.0);
  const AttentionProblem problem{.seqlen_kv = 2};
  const auto g = attention_backward(problem, Array{1}, Array{0, log3}, Array{8, 4}, Array{2});
  expect_near(g.dq.values, {-1.5 * log3}, kTolerance);
  expect_near(g.dk.values, {1.5, -1.5}, kTolerance);
  expect_near(g.dv.values, {0.5, 1.5}, kTolerance);
  // Terms of dS: p (|dP| + D) = (26/4, 54/4).
  EXPECT_NEAR(g.dq.size, 13.5 * log3, 1e-13);
  EXPECT_NEAR(g.dk.size, 13.5, 1e-13);
  EXPECT_NEAR(g.dv.size, 1.5, 1e-13);
}

// One visible key: P = 1 whatever Q and K are.
TEST(ReferenceGradients, OfASingleKeyAreZeroForQAndK) {
  const AttentionProblem problem{.seqlen_q = 2, .head_dim = 2, .head_dim_v = 2};
  const auto g =
      attention_backward(problem, scattered(4, 1), Array{3, 4}, Array{5, 6}, Array{1, 2, 10, 20});
  EXPECT_EQ(g.dq.values, Array(4, 0.0));
  EXPECT_EQ(g.dk.values, Array(2, 0.0));
  expect_near(g.dv.values, {11, 22}, kTolerance);  // both rows
}

// Two query heads share the KV head: the same problem twice, summed.
TEST(ReferenceGradients, AreSummedOverAGroup) {
  const AttentionProblem one{.seqlen_kv = 3, .head_dim = 2, .head_dim_v = 2};
  AttentionProblem two = one;
  two.heads = 2;
  const Array q = scattered(2, 1), k = scattered(6, 2), v = scattered(6, 3), d_o = scattered(2, 4);
  Array qq = q, oo = d_o;
  qq.insert(qq.end(), q.begin(), q.end());
  oo.insert(oo.end(), d_o.begin(), d_o.end());
  const auto g1 = attention_backward(one, q, k, v, d_o);
  const auto g2 = attention_backward(two, qq, k, v, oo);
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(g2.dk.values[i], 2 * g1.dk.values[i], kTolerance);
    EXPECT_NEAR(g2.dv.values[i], 2 * g1.dv.values[i], kTolerance);
  }
  EXPECT_NEAR(g2.dk.size, 2 * g1.dk.size, kTolerance);
  EXPECT_EQ(g2.dq.values[2], g1.dq.values[0]);
}

// Causal with more queries than keys: the first two rows see nothing, and leave no trace.
TEST(ReferenceGradients, ARowWithoutKeysHasNone) {
  const AttentionProblem problem{.seqlen_q = 3, .seqlen_kv = 1, .causal = true};
  const auto g =
      attention_backward(problem, Array{1, 2, 3}, Array{1}, Array{7}, Array{100, 100, 5});
  EXPECT_EQ(g.dq.values, Array(3, 0.0));
  EXPECT_EQ(g.dv.values, Array{5});
  const auto out = attention(problem, Array{1, 2, 3}, Array{1}, Array{7});
  EXPECT_EQ(out.row_max, (Array{-HUGE_VAL, -HUGE_VAL, 3}));
  EXPECT_EQ(out.row_sum, (Array{0, 0, 1}));
}

// The mean of P dP is that of dO O: dropping key 0 (Z = 0 and 2) gives dP = (0, 16), D = 12.
TEST(ReferenceGradients, OfDropout) {
  const double log3 = std::log(3.0);
  const AttentionProblem problem{.seqlen_kv = 2, .dropout = {0, 2}};
  const auto out = attention(problem, Array{1}, Array{0, log3}, Array{8, 4});
  expect_near(out.o, {6}, kTolerance);
  const auto g = attention_backward(problem, Array{1}, Array{0, log3}, Array{8, 4}, Array{2});
  expect_near(g.dv.values, {0, 3}, kTolerance);
  expect_near(g.dk.values, {-3, 3}, kTolerance);
}

TEST(ReferenceProbabilities, AreRowsOfTheSoftmax) {
  const AttentionProblem problem{.seqlen_q = 2, .seqlen_kv = 2, .causal = true};
  expect_near(probabilities(problem, Array{1, 1}, Array{0, std::log(3.0)}), {1, 0, 0.25, 0.75},
              kTolerance);
}

TEST(ReferenceGradients, RefuseArraysOfAnotherSize) {
  const AttentionProblem problem{.seqlen_q = 2};
  EXPECT_THROW(attention_backward(problem, Array(2), Array(1), Array(1), Array(1)),
               std::invalid_argument);
  AttentionProblem dropout = problem;
  dropout.dropout = {1};
  EXPECT_THROW(attention(dropout, Array(2), Array(1), Array(1)), std::invalid_argument);
}

struct Named {
  const char* name;
  AttentionProblem problem;
};

class FiniteDifferences : public testing::TestWithParam<Named> {};

/// sum(dO o O).
double loss(const AttentionProblem& p, const Array& q, const Array& k, const Array& v,
            const Array& d_o) {
  const Array o = attention(p, q, k, v).o;
  double sum = 0;
  for (std::size_t i = 0; i < o.size(); ++i) sum += o[i] * d_o[i];
  return sum;
}

/// Central differences of step h are off by h^2 / 6 times a third derivative of order 10, and by
/// roundings of 1e-15 / h.
TEST_P(FiniteDifferences, AgreeWithTheGradients) {
  constexpr double h = 1e-4;
  AttentionProblem p = GetParam().problem;
  p.scale = 0.7;
  const std::int64_t rows = p.batch * p.heads * p.seqlen_q;
  const std::int64_t keys = p.batch * p.kv_heads * p.seqlen_kv;
  Array in[3] = {scattered(rows * p.head_dim, 1), scattered(keys * p.head_dim, 2),
                 scattered(keys * p.head_dim_v, 3)};
  const Array d_o = scattered(rows * p.head_dim_v, 4);
  const auto g = attention_backward(p, in[0], in[1], in[2], d_o);
  const Array* const gradients[3] = {&g.dq.values, &g.dk.values, &g.dv.values};
  for (int which = 0; which < 3; ++which) {
    ASSERT_EQ(gradients[which]->size(), in[which].size());
    for (std::size_t i = 0; i < in[which].size(); ++i) {
      const double x = in[which][i];
      in[which][i] = x + h;
      const double above = loss(p, in[0], in[1], in[2], d_o);
      in[which][i] = x - h;
      const double below = loss(p, in[0], in[1], in[2], d_o);
      in[which][i] = x;
      EXPECT_NEAR((*gradients[which])[i], (above - below) / (2 * h), 1e-7)
          << "gradient " << which << " element " << i;
    }
  }
}

AttentionProblem shape(std::int64_t seqlen_q, std::int64_t seqlen_kv) {
  return {.batch = 2,
          .heads = 4,
          .kv_heads = 2,
          .seqlen_q = seqlen_q,
          .seqlen_kv = seqlen_kv,
          .head_dim = 3,
          .head_dim_v = 2};
}

Named dense() { return {"dense", shape(3, 4)}; }

Named causal() {
  Named out{"causal", shape(5, 4)};
  out.problem.causal = true;
  return out;
}

Named window() {
  Named out{"window", shape(4, 6)};
  out.problem.window_left = 2;
  out.problem.window_right = 1;
  return out;
}

Named dropout() {
  Named out{"dropout", shape(3, 4)};
  for (const double z : scattered(2 * 4 * 3 * 4, 9)) {
    out.problem.dropout.push_back(z < -0.5 ? 0 : 1 / 0.75);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Problems, FiniteDifferences,
                         testing::Values(dense(), causal(), window(), dropout()),
                         [](const auto& problem) { return problem.param.name; });

}  // namespace
}  // namespace attnsim::reference
