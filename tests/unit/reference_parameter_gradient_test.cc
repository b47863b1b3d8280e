// The reference gradient of the parameter X against cases worked out by hand and against finite
// differences of the reference forward pass.
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/reference/parameter_gradient.h"
#include "tests/support/arrays.h"

namespace attnsim::reference {
namespace {

using test::Array;
using test::expect_near;
using test::scattered;

// Q = 2 * 1/2 = 1, K = (0, log 3), V = 2 (4, 2): P = (1/4, 3/4), dP = (16, 8), dS = (3/2, -3/2),
// dQ = -3/2 log 3.
TEST(ReferenceParameterGradient, OneQueryTwoKeys) {
  const double log3 = std::log(3.0);
  const AttentionProblem problem{.seqlen_kv = 2};
  const Array a1{2}, x{0.5}, a2{0, log3}, a3{4, 2}, y{2};
  const ParameterInputs in{.a1 = a1, .x = x, .a2 = a2, .a3 = a3, .y = y};
  const Gradient g = parameter_gradient(problem, in, Array{2});
  expect_near(g.values, {-3 * log3}, 1e-14);
  EXPECT_NEAR(g.size, 27 * log3, 1e-13);  // terms of dS: p (|dP| + D) = (26/4, 54/4)
  expect_near(parameter_attention(problem, in).o, {5}, 1e-14);
}

// Rows of X are features of the tokens, columns those of the queries.
TEST(ReferenceParameterGradient, IsTheOuterProductOfTokenAndQueryGradient) {
  const AttentionProblem problem{.seqlen_kv = 3, .head_dim = 2, .head_dim_v = 2};
  const Array a1{1, 10}, x{1, 2, 3, 4}, identity{1, 0, 0, 1};
  const Array a2 = scattered(6, 2), a3 = scattered(6, 3), d_o = scattered(2, 4);
  const ParameterInputs in{.a1 = a1, .x = x, .a2 = a2, .a3 = a3, .y = identity};
  const Array dq = attention_backward(problem, Array{31, 42}, a2, a3, d_o).dq.values;
  expect_near(parameter_gradient(problem, in, d_o).values, {dq[0], dq[1], 10 * dq[0], 10 * dq[1]},
              1e-14);
}

TEST(ReferenceParameterGradient, RefusesArraysOfAnotherSize) {
  const AttentionProblem problem{.head_dim = 2};
  const Array two(2), four(4), one(1);
  const auto gradient = [&](const Array& x, const Array& y) {
    return parameter_gradient(problem, {.a1 = two, .x = x, .a2 = two, .a3 = one, .y = y}, one);
  };
  EXPECT_EQ(gradient(four, one).values.size(), 4u);
  EXPECT_THROW(gradient(two, one), std::invalid_argument);
  EXPECT_THROW(gradient(four, two), std::invalid_argument);
}

struct Named {
  const char* name;
  AttentionProblem problem;
};

class ParameterFiniteDifferences : public testing::TestWithParam<Named> {};

/// Central differences of sum(dO o O), as in reference_gradients_test.cc.
TEST_P(ParameterFiniteDifferences, AgreeWithTheGradient) {
  constexpr double h = 1e-4;
  AttentionProblem p = GetParam().problem;
  p.scale = 0.7;
  const std::int64_t planes = p.batch * p.heads;
  const std::int64_t kv_planes = p.batch * p.kv_heads;
  const Array a1 = scattered(planes * p.seqlen_q * p.head_dim, 1);
  const Array a2 = scattered(kv_planes * p.seqlen_kv * p.head_dim, 2);
  const Array a3 = scattered(kv_planes * p.seqlen_kv * p.head_dim_v, 3);
  const Array y = scattered(kv_planes * p.head_dim_v * p.head_dim_v, 5);
  const Array d_o = scattered(planes * p.seqlen_q * p.head_dim_v, 4);
  Array x = scattered(planes * p.head_dim * p.head_dim, 6);
  const ParameterInputs in{.a1 = a1, .x = x, .a2 = a2, .a3 = a3, .y = y};
  const auto loss = [&] {
    const Array o = parameter_attention(p, in).o;
    double sum = 0;
    for (std::size_t i = 0; i < o.size(); ++i) sum += o[i] * d_o[i];
    return sum;
  };
  const Gradient g = parameter_gradient(p, in, d_o);
  ASSERT_EQ(g.values.size(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double at = x[i];
    x[i] = at + h;
    const double above = loss();
    x[i] = at - h;
    const double below = loss();
    x[i] = at;
    EXPECT_NEAR(g.values[i], (above - below) / (2 * h), 1e-7) << "element " << i;
    EXPECT_LE(std::abs(g.values[i]), g.sizes[i]);
    EXPECT_LE(g.sizes[i], g.size);
  }
}

Named named(const char* name, std::int64_t seqlen_q, std::int64_t seqlen_kv) {
  return {name,
          {.batch = 2,
           .heads = 4,
           .kv_heads = 2,
           .seqlen_q = seqlen_q,
           .seqlen_kv = seqlen_kv,
           .head_dim = 3,
           .head_dim_v = 2}};
}

Named causal() {
  Named out = named("causal", 5, 4);
  out.problem.causal = true;
  return out;
}

Named window() {
  Named out = named("window", 4, 6);
  out.problem.window_left = 2;
  out.problem.window_right = 1;
  return out;
}

Named dropout() {
  Named out = named("dropout", 3, 4);
  for (const double z : scattered(2 * 4 * 3 * 4, 9)) {
    out.problem.dropout.push_back(z < -0.5 ? 0 : 1 / 0.75);
  }
  return out;
}

INSTANTIATE_TEST_SUITE_P(Problems, ParameterFiniteDifferences,
                         testing::Values(named("dense", 3, 4), causal(), window(), dropout()),
                         [](const auto& problem) { return problem.param.name; });

}  // namespace
}  // namespace attnsim::reference
