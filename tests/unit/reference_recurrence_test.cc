// The reference recurrence against cases worked out by hand, against attention-like sums over
// earlier steps, and its gradients against finite differences.
#include <cmath>
#include <cstdint>
#include <stdexcept>

#include <gtest/gtest.h>

#include "sim/replay/reference/recurrence.h"
#include "tests/support/arrays.h"

namespace attnsim::reference {
namespace {

using test::Array;
using test::expect_near;
using test::scattered;

// lambda = 1/2: S = 2 * 5 = 10, then 5 + 3 * 1 = 8.
TEST(ReferenceRecurrence, TwoStepsOfOneNumber) {
  const RecurrenceProblem p{.seqlen = 2, .gate_rows = 1, .gate_cols = 1};
  const Array q{1, -1}, k{2, 3}, v{5, 1}, g{std::log(0.5)};
  const RecurrenceInputs in{.q = q, .k = k, .v = v, .g = g};
  expect_near(recurrence(p, in).values, {10, -8}, 1e-14);
  EXPECT_NEAR(recurrence(p, in).size, 10, 1e-14);
  const RecurrenceGradients grad = recurrence_backward(p, in, Array{1, 10});
  expect_near(grad.dq.values, {10, 80}, 1e-13);          // dO S
  expect_near(grad.dv.values, {-8, -30}, 1e-13);         // k dS; dS_2 = -10, dS_1 = 1 - 10 / 2
  expect_near(grad.dk.values, {-20, -10}, 1e-13);        // v dS
  expect_near(grad.dg.values, {-10 * 0.5 * 10}, 1e-13);  // dS_2 lambda S_1
}

TEST(ReferenceRecurrence, WithoutGatesSumsOverEarlierSteps) {
  const RecurrenceProblem p{.planes = 2, .seqlen = 4, .head_dim = 3, .head_dim_v = 2};
  const Array q = scattered(24, 1), k = scattered(24, 2), v = scattered(16, 3);
  Array o(16);
  for (int plane = 0; plane < 2; ++plane) {
    for (int t = 0; t < 4; ++t) {
      for (int s = 0; s <= t; ++s) {
        double score = 0;
        for (int l = 0; l < 3; ++l) {
          score += q[(plane * 4 + t) * 3 + l] * k[(plane * 4 + s) * 3 + l];
        }
        for (int c = 0; c < 2; ++c) {
          o[(plane * 4 + t) * 2 + c] += score * v[(plane * 4 + s) * 2 + c];
        }
      }
    }
  }
  expect_near(recurrence(p, {.q = q, .k = k, .v = v, .g = {}}).values, o, 1e-14);
}

TEST(ReferenceRecurrence, RefusesArraysOfAnotherSize) {
  const RecurrenceProblem p{.seqlen = 2, .gate_rows = 2, .gate_cols = 1};
  const Array two(2), one(1);
  const auto run = [&](const Array& q, const Array& g, const Array& d_o) {
    recurrence_backward(p, {.q = q, .k = two, .v = two, .g = g}, d_o);
  };
  EXPECT_NO_THROW(run(two, two, two));
  EXPECT_THROW(run(one, two, two), std::invalid_argument);
  EXPECT_THROW(run(two, one, two), std::invalid_argument);
  EXPECT_THROW(run(two, two, one), std::invalid_argument);
}

struct Gating {
  const char* name;
  std::int64_t rows, cols;
};

class RecurrenceFiniteDifferences : public testing::TestWithParam<Gating> {};

TEST_P(RecurrenceFiniteDifferences, AgreeWithTheGradients) {
  constexpr double h = 1e-5;
  const RecurrenceProblem p{.planes = 2,
                            .seqlen = 5,
                            .head_dim = 3,
                            .head_dim_v = 2,
                            .gate_rows = GetParam().rows,
                            .gate_cols = GetParam().cols};
  Array q = scattered(30, 1), k = scattered(30, 2), v = scattered(20, 3);
  Array g = scattered(2 * p.gate_rows * p.gate_cols, 4);
  for (double& x : g) x = -std::abs(x);
  const Array d_o = scattered(20, 5);
  const auto loss = [&] {
    const Array o = recurrence(p, {.q = q, .k = k, .v = v, .g = g}).values;
    double sum = 0;
    for (std::size_t i = 0; i < o.size(); ++i) sum += o[i] * d_o[i];
    return sum;
  };
  const RecurrenceGradients grad = recurrence_backward(p, {.q = q, .k = k, .v = v, .g = g}, d_o);
  const auto expect_slopes = [&](Array& x, const Gradient& gradient, const char* what) {
    ASSERT_EQ(gradient.values.size(), x.size()) << what;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double at = x[i];
      x[i] = at + h;
      const double above = loss();
      x[i] = at - h;
      const double below = loss();
      x[i] = at;
      EXPECT_NEAR(gradient.values[i], (above - below) / (2 * h), 1e-8) << what << " element " << i;
      EXPECT_LE(std::abs(gradient.values[i]), gradient.sizes[i] * (1 + 1e-12)) << what;
      EXPECT_LE(gradient.sizes[i], gradient.size) << what;
    }
  };
  expect_slopes(q, grad.dq, "dQ");
  expect_slopes(k, grad.dk, "dK");
  expect_slopes(v, grad.dv, "dV");
  expect_slopes(g, grad.dg, "dG");
}

INSTANTIATE_TEST_SUITE_P(Gates, RecurrenceFiniteDifferences,
                         testing::Values(Gating{"none", 0, 0}, Gating{"constant", 1, 1},
                                         Gating{"scalar", 5, 1}, Gating{"vector", 5, 3}),
                         [](const auto& gates) { return gates.param.name; });

}  // namespace
}  // namespace attnsim::reference
