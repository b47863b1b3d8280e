// Lower bounds: visible rows, keys and pairs against enumeration, LB0 and the shapes against
// numbers worked out by hand.
#include <cmath>
#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/bounds/bounds.h"
#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "tests/support/machines.h"

namespace attnsim::bounds {
namespace {

using test::small_gpu;

Workload square(std::int64_t n, std::int64_t d) {
  Workload w;
  w.seqlen_q = w.seqlen_kv = n;
  w.head_dim = w.head_dim_v = d;
  return w;
}

const BoundRow& row(const std::vector<BoundRow>& rows, const std::string& id) {
  for (const BoundRow& r : rows) {
    if (r.id == id) return r;
  }
  ADD_FAILURE() << "no bound " << id;
  return rows.front();
}

double lb0(const Workload& w) { return row(bounds(w, two_level_machine(1000)), "LB0").words; }

/// Enumerates the mask as the workload's documentation states it.
struct Enumerated {
  std::set<std::int64_t> rows, keys;
  std::uint64_t pairs = 0;

  explicit Enumerated(const Workload& w) {
    const std::int64_t shift = w.seqlen_kv - w.seqlen_q;
    for (std::int64_t r = 0; r < w.seqlen_q; ++r) {
      for (std::int64_t c = 0; c < w.seqlen_kv; ++c) {
        if (w.causal && c > r + shift) continue;
        if (w.window_left && c < r + shift - *w.window_left) continue;
        if (w.window_right && c > r + shift + *w.window_right) continue;
        rows.insert(r);
        keys.insert(c);
        ++pairs;
      }
    }
  }
};

class RandomMasks {
 public:
  Workload next() {
    Workload w;
    w.batch = from(1, 3);
    w.kv_heads = from(1, 3);
    w.heads = w.kv_heads * from(1, 3);
    w.seqlen_q = from(1, 14);
    w.seqlen_kv = from(1, 14);
    w.head_dim = from(1, 9);
    w.head_dim_v = from(1, 9);
    w.causal = from(0, 1) == 1;
    if (from(0, 1) == 1) w.window_left = from(0, 16);
    if (from(0, 1) == 1) w.window_right = from(0, 16);
    return w;
  }

 private:
  std::int64_t from(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }
  std::mt19937 random_{20240214};
};

std::string describe(const Workload& w) {
  const auto text = [](const auto& side) { return side ? std::to_string(*side) : "-"; };
  return std::to_string(w.seqlen_q) + " x " + std::to_string(w.seqlen_kv) +
         (w.causal ? " causal" : "") + " window " + text(w.window_left) + ", " +
         text(w.window_right);
}

TEST(Bounds, CountWhatEnumerationCounts) {
  RandomMasks masks;
  for (int i = 0; i < 20000; ++i) {
    Workload w = masks.next();
    const Enumerated seen(w);
    const auto planes = static_cast<std::uint64_t>(w.query_planes());
    ASSERT_EQ(visible_pairs(w), seen.pairs * planes) << describe(w);

    const auto heads = static_cast<double>(w.query_planes());
    const auto kv = static_cast<double>(w.kv_planes());
    const auto rows = static_cast<double>(seen.rows.size());
    const auto keys = static_cast<double>(seen.keys.size());
    const auto nq = static_cast<double>(w.seqlen_q), nk = static_cast<double>(w.seqlen_kv);
    const auto d = static_cast<double>(w.head_dim), dv = static_cast<double>(w.head_dim_v);
    const double forward = heads * (rows * d + nq * dv) + kv * keys * (d + dv);
    const double backward = heads * (rows * (d + dv) + nq * d) + kv * (keys + nk) * (d + dv);
    ASSERT_EQ(lb0(w), forward) << describe(w);
    w.pass = Pass::backward;
    ASSERT_EQ(lb0(w), backward) << describe(w);
    w.pass = Pass::forward_backward;
    ASSERT_EQ(lb0(w), backward + heads * nq * dv) << describe(w);
  }
}

TEST(Bounds, PairsOfLongSequencesNeedNoLoop) {
  const std::int64_t n = std::int64_t{1} << 30;
  Workload w = square(n, 128);
  EXPECT_EQ(visible_pairs(w), std::uint64_t{1} << 60);
  w.causal = true;
  EXPECT_EQ(visible_pairs(w), (std::uint64_t{1} << 59) + (std::uint64_t{1} << 29));
  w.window_left = 1023;  // a band of 1024 with its first corner cut off
  EXPECT_EQ(visible_pairs(w), 1024 * (std::uint64_t{1} << 30) - 1023 * 1024 / 2);
  w.seqlen_q = 1;
  EXPECT_EQ(visible_pairs(w), 1024u);
  EXPECT_EQ(lb0(w), 128 + 2 * 1024 * 128 + 128);
  w.window_left = INT64_MAX;
  w.window_right = INT64_MAX;
  EXPECT_EQ(visible_pairs(w), std::uint64_t{1} << 30);
}

TEST(Bounds, MorePairsThanSixtyFourBitsAreTheUsersMistake) {
  Workload w = square(std::int64_t{1} << 32, 64);
  try {
    visible_pairs(w);
    FAIL() << "2^64 pairs";
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "the workload has more than 2^64 - 1 visible pairs of query row and key");
  }
  w.seqlen_q -= 1;
  EXPECT_EQ(visible_pairs(w), (std::uint64_t{1} << 32) * ((std::uint64_t{1} << 32) - 1));
  w.seqlen_q = w.seqlen_kv = std::int64_t{1} << 40;  // bounds still hold
  EXPECT_EQ(lb0(w), 4 * 64 * std::pow(2.0, 40));
  EXPECT_EQ(row(bounds(w, two_level_machine(4096)), "theta_flash_attention").words,
            std::pow(2.0, 80));
}

TEST(Lb0, IsFourNdOfASquareHead) {
  EXPECT_EQ(lb0(square(1024, 64)), 262144);
  EXPECT_EQ(lb0(square(4096, 128)), 2097152);
  EXPECT_EQ(lb0(square(1000, 64)), 256000);
  Workload backward = square(1024, 64);
  backward.pass = Pass::backward;
  EXPECT_EQ(lb0(backward), 7 * 65536);
}

TEST(Lb0, CountsKeysOncePerKvHead) {
  Workload w = square(8192, 128);
  w.heads = 32;
  w.kv_heads = 8;
  w.causal = true;
  EXPECT_EQ(lb0(w), 2.0 * 32 * 8192 * 128 + 2.0 * 8 * 8192 * 128);
}

TEST(Lb0, SkipsWhatNoScoreNeedsButWritesEveryOutput) {
  Workload w = square(10, 4);
  w.seqlen_kv = 3;
  w.causal = true;  // the first 7 rows see nothing
  EXPECT_EQ(lb0(w), 3 * 4 + 3 * 8 + 10 * 4);
}

TEST(Lb0, RowSaysWhatItIs) {
  Workload w = square(1024, 64);
  const BoundRow bound = row(bounds(w, two_level_machine(1000)), "LB0");
  EXPECT_EQ(bound.id, "LB0");
  EXPECT_EQ(bound.kind, "lower");
  EXPECT_EQ(bound.memory, "hbm");
  EXPECT_TRUE(bound.rigorous);
  EXPECT_TRUE(bound.applies);
  EXPECT_FALSE(bound.m_words.has_value());
  EXPECT_EQ(bound.bytes, 2 * 262144);
  EXPECT_EQ(bound.ratio, 0);
  EXPECT_FALSE(bound.formula.empty());
  EXPECT_FALSE(bound.source.empty());
  w.dtype = DType::fp8_e4m3;
  EXPECT_EQ(row(bounds(w, small_gpu()), "LB0").bytes, 262144);
}

TEST(Bounds, HoldAtEveryBoundaryOutsideTheCores) {
  const std::vector<BoundRow> rows = bounds(square(256, 16), small_gpu());
  std::vector<std::string> ids;
  for (const BoundRow& r : rows) ids.push_back(r.memory + " " + r.id);
  EXPECT_EQ(ids, (std::vector<std::string>{"l2 LB0", "l2 LB1", "l2 LB2", "l2 LB4-rec",
                                           "l2 LB4-norec", "l2 LB5", "l2 theta_flash_attention",
                                           "l2 theta_small_cache", "l2 theta_attention",
                                           "l2 theta_standard", "l2 matmul", "hbm LB0"}));
  // Registers count: 2048 B + 4096 B of fp16.
  EXPECT_EQ(row(rows, "theta_attention").m_words, Words(3072));
}

TEST(Shapes, HaveTheValuesOfTheirFormulas) {
  Workload w = square(4096, 128);
  w.batch = 2;
  w.heads = w.kv_heads = 3;
  const double n2 = 6.0 * 4096 * 4096;
  std::vector<BoundRow> rows = bounds(w, two_level_machine(25600));
  EXPECT_DOUBLE_EQ(row(rows, "theta_flash_attention").words, n2 * 128 * 128 / 25600);
  EXPECT_DOUBLE_EQ(row(rows, "theta_small_cache").words, n2 * 128 / 160);
  EXPECT_DOUBLE_EQ(row(rows, "theta_attention").words, n2 * 128 * 128 / 25600);
  EXPECT_DOUBLE_EQ(row(rows, "theta_standard").words, n2 + 6.0 * 4096 * 128);
  EXPECT_DOUBLE_EQ(row(rows, "theta_standard").bytes, 2 * (n2 + 6.0 * 4096 * 128));
  rows = bounds(w, two_level_machine(1024));
  EXPECT_DOUBLE_EQ(row(rows, "theta_attention").words, n2 * 128 / 32);
  for (const BoundRow& r : rows) {
    EXPECT_EQ(r.rigorous, r.id.starts_with("LB") || r.id.starts_with("UB")) << r.id;
  }
}

std::string applying(const Workload& w, std::uint64_t m_words) {
  std::string out;
  for (const BoundRow& r : bounds(w, two_level_machine(m_words))) {
    if (r.applies && r.id.starts_with("theta")) out += (out.empty() ? "" : " ") + r.id;
  }
  return out;
}

TEST(Shapes, ApplyInTheirRegimeOnly) {
  Workload w = square(1024, 64);
  const std::string small = "theta_small_cache theta_attention";
  const std::string large = "theta_flash_attention theta_attention theta_standard";
  const std::string huge = "theta_attention theta_standard";
  EXPECT_EQ(applying(w, 4095), small);
  EXPECT_EQ(applying(w, 4096), large);
  EXPECT_EQ(applying(w, 65536), large);
  EXPECT_EQ(applying(w, 65537), huge);
  w.seqlen_kv = 256;  // the shorter side fits on chip from 256 x 64 words on
  EXPECT_EQ(applying(w, 16384), large);
  EXPECT_EQ(applying(w, 16385), huge);
}

TEST(Shapes, BackwardIsTheoremFive) {
  Workload w = square(1024, 64);
  w.pass = Pass::backward;
  EXPECT_EQ(applying(w, 25600), "theta_flash_attention theta_standard");
  EXPECT_EQ(applying(w, 1024), "");
  const std::vector<BoundRow> rows = bounds(w, two_level_machine(25600));
  EXPECT_EQ(row(rows, "theta_standard").source,
            "Dao et al., FlashAttention, arXiv 2205.14135, Theorem 5");
}

TEST(Shapes, AreFiniteForOneKeyAndOneWord) {
  for (const BoundRow& r : bounds(square(1, 1), two_level_machine(1))) {
    EXPECT_TRUE(std::isfinite(r.words)) << r.id;
  }
}

}  // namespace
}  // namespace attnsim::bounds
