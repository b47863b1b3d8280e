// The bounds of the gradient of attention's parameter X: those of the backward pass that hold for
// it, on top of its own compulsory traffic.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/bounds/bounds.h"
#include "sim/core/two_level.h"

namespace attnsim::bounds {
namespace {

AlgorithmInfo algorithm(BoundClass claimed = {}) {
  AlgorithmInfo out;
  out.id = "any";
  out.function = kParameterGradient;
  out.passes = {Pass::backward};
  out.bound_class = std::move(claimed);
  return out;
}

Workload square(std::int64_t n, std::int64_t d) {
  return {.seqlen_q = n, .seqlen_kv = n, .head_dim = d, .head_dim_v = d, .pass = Pass::backward};
}

std::vector<BoundRow> bounds_of(const Workload& w, std::uint64_t m, const AlgorithmInfo& info,
                                std::optional<Visible> seen = {}) {
  return bounds(w, two_level_machine(m),
                {.algorithm = &info, .footprint = {}, .element_bits = {}, .seen = seen});
}

double words(const std::vector<BoundRow>& rows, const std::string& id) {
  const auto it = std::ranges::find(rows, id, &BoundRow::id);
  EXPECT_NE(it, rows.end()) << id;
  return it == rows.end() ? -1 : it->words;
}

// Two batch elements, four heads on two KV heads; 3 queries, 5 keys, d = 7, d_v = 2: 24 rows of A1
// and dO, 20 of A2 and A3, 8 X and dX of 49, 4 Y of 4.
TEST(ParameterGradientBounds, CompulsoryTrafficHasTheParameters) {
  const Workload w{.batch = 2,
                   .heads = 4,
                   .kv_heads = 2,
                   .seqlen_q = 3,
                   .seqlen_kv = 5,
                   .head_dim = 7,
                   .head_dim_v = 2,
                   .pass = Pass::backward};
  EXPECT_EQ(words(bounds_of(w, 100, algorithm()), "LB0"),
            24 * 9 + 20 * 9 + 8 * 49 + 4 * 4 + 8 * 49);
  // Nothing is visible: dX is 0 whatever the inputs.
  EXPECT_EQ(words(bounds_of(w, 100, algorithm(), Visible{}), "LB0"), 8 * 49);
  // 4 rows are of two heads at least, 5 keys of one KV head.
  EXPECT_EQ(words(bounds_of(w, 100, algorithm(), Visible{.rows = 4, .keys = 5, .pairs = 4}), "LB0"),
            4 * 9 + 5 * 9 + 2 * 49 + 4 + 8 * 49);
}

// N = 1024, d = 64, M = 25600. dQ, dK, dV take 835,568 words by LB3-norec, of which 3 N d are their
// stores; here dX is stored instead.
TEST(ParameterGradientBounds, AreTheLoadsOfTheBackwardPassAndTheStoresOfDx) {
  const Workload w = square(1024, 64);
  const AlgorithmInfo info = algorithm();
  const std::vector<BoundRow> rows = bounds_of(w, 25600, info);
  EXPECT_EQ(words(rows, "LB3-norec"), 835568 - 3 * 65536 + 4096);
  EXPECT_EQ(words(rows, "LB0"), 4 * 65536 + 3 * 4096);
}

// All I/O: the same number, since what must be read and written is less.
TEST(ParameterGradientBounds, InASmallMemoryCountTheProductsOfSAndDp) {
  const Workload w = square(1024, 128);
  const AlgorithmInfo info = algorithm();
  EXPECT_EQ(words(bounds_of(w, 1024, info), "LB4-rec"),
            words(bounds(w, two_level_machine(1024)), "LB4-rec"));
}

std::string applying(const AlgorithmInfo& info) {
  std::string out;
  for (const BoundRow& r : bounds_of(square(64, 8), 100, info)) {
    if (r.applies) out += r.id + " ";
  }
  return out;
}

// LB4-norec counts results of dQ, which an algorithm for dX may form in parts and never keep.
TEST(ParameterGradientBounds, FollowTheClass) {
  EXPECT_EQ(applying(algorithm()), "LB0 LB3-rec LB3-norec LB4-rec LB5 theta_parameter_gradient ");
  EXPECT_EQ(applying(algorithm({.recomputes = {Pass::backward}})),
            "LB0 LB3-rec LB4-rec LB5 theta_parameter_gradient ");
  EXPECT_EQ(applying(algorithm({.exact = false})), "LB0 ");
}

// Li et al., Theorem 1.1, of one head: (N^2 d^2 + N d^3) / M, and below d^2 words
// (N^2 d + N d^2) / sqrt(M).
TEST(ParameterGradientBounds, ShowThePapersShape) {
  const AlgorithmInfo info = algorithm();
  EXPECT_DOUBLE_EQ(words(bounds_of(square(1024, 64), 25600, info), "theta_parameter_gradient"),
                   (1048576.0 * 4096 + 1024.0 * 262144) / 25600);
  EXPECT_DOUBLE_EQ(words(bounds_of(square(1024, 64), 1024, info), "theta_parameter_gradient"),
                   (1048576.0 * 64 + 1024.0 * 4096) / 32);
}

}  // namespace
}  // namespace attnsim::bounds
