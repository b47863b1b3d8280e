// LB1 to LB5 as rows: totals at published points, dimensions of V, cores, element sizes, classes.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/bounds/bound_class.h"
#include "analysis/bounds/bounds.h"
#include "sim/core/two_level.h"
#include "tests/support/machines.h"

namespace attnsim::bounds {
namespace {

using test::small_gpu;

Workload square(std::int64_t n, std::int64_t d, Pass pass = Pass::forward) {
  Workload w;
  w.seqlen_q = w.seqlen_kv = n;
  w.head_dim = w.head_dim_v = d;
  w.pass = pass;
  return w;
}

const BoundRow& row(const std::vector<BoundRow>& rows, const std::string& id,
                    const std::string& memory) {
  for (const BoundRow& r : rows) {
    if (r.id == id && r.memory == memory) return r;
  }
  ADD_FAILURE() << "no bound " << id << " at " << memory;
  return rows.front();
}

double words(const Workload& w, const std::string& id, std::uint64_t m) {
  return row(bounds(w, two_level_machine(m)), id, "hbm").words;
}

/// max over X of X (ceil(work / max(floor(W^2 / divisor), factor W)) - parts), W = M + X.
double loads(std::int64_t work, std::int64_t divisor, std::int64_t factor, std::int64_t m,
             std::int64_t parts = 1) {
  std::int64_t best = 0;
  for (std::int64_t x = 1; x < 8 * m; ++x) {
    const std::int64_t w = m + x;
    const std::int64_t capacity = std::max(w * w / divisor, factor * w);
    const std::int64_t phases = (work + capacity - 1) / capacity;
    best = std::max(best, x * (phases - parts));
  }
  return static_cast<double>(best);
}

// The exact maxima over X, totals: loads plus N d stored forward, 3 N d backward.
TEST(PhaseBounds, AtOneThousandTokens) {
  EXPECT_EQ(words(square(1024, 64), "LB2", 25600), 401066);
  EXPECT_EQ(words(square(1024, 64, Pass::backward), "LB3-norec", 25600), 835568);
  EXPECT_EQ(words(square(1024, 64), "LB1", 25600), 262144);  // 149,926 loads are fewer than 3 N d
}

/// Values of the same formulas on a coarse grid of X, hence a little low: N, d, M; forward with
/// recomputation (LB1, LB4-rec) and without (LB2, LB4-norec); backward with (LB3-rec, LB4-rec).
struct CoarsePoint {
  std::int64_t n, d;
  std::uint64_t m;
  double forward_rec, forward_norec, backward_rec;
};

TEST(PhaseBounds, AreJustAboveTheirValuesOnACoarseGrid) {
  const CoarsePoint points[] = {{1024, 64, 25600, 262144, 398336, 529408},
                                {4096, 64, 25600, 2940928, 5619712, 6144000},
                                {4096, 128, 25600, 10717184, 21082890, 21980160},
                                {4096, 128, 57344, 5313638, 9919488, 11151564},
                                {1000, 64, 25600, 256000, 383488, 511488},
                                {1024, 128, 1024, 4878969, 10810611, 9762035},
                                {1024, 128, 4096, 1900860, 4866681, 3818105},
                                {1024, 64, 1024, 1913148, 4878969, 3830393},
                                {777, 100, 3000, 943092, 2501914, 1898185}};
  for (const CoarsePoint& p : points) {
    const Workload forward = square(p.n, p.d);
    const Workload backward = square(p.n, p.d, Pass::backward);
    const auto expect_above = [&](double coarse, double exact) {
      EXPECT_GE(exact, coarse) << p.n << " " << p.d << " " << p.m;
      EXPECT_LE(exact, 1.015 * coarse) << p.n << " " << p.d << " " << p.m;
    };
    expect_above(p.forward_rec,
                 std::max(words(forward, "LB1", p.m), words(forward, "LB4-rec", p.m)));
    expect_above(p.forward_norec,
                 std::max(words(forward, "LB2", p.m), words(forward, "LB4-norec", p.m)));
    expect_above(p.backward_rec,
                 std::max(words(backward, "LB3-rec", p.m), words(backward, "LB4-rec", p.m)));
  }
}

TEST(PhaseBounds, OfABackwardPassInASmallMemoryCountFiveProducts) {
  // 5 sqrt(3/2) N^2 d / sqrt(M) - 2 N^2 - 4 M at X = 4 M, which is the best X but for rounding.
  const double n2 = 1024.0 * 1024.0;
  const double smooth = 5 * std::sqrt(1.5) * n2 * 128 / 32 - 2 * n2 - 4 * 1024;
  const double exact = words(square(1024, 128, Pass::backward), "LB4-norec", 1024);
  EXPECT_GE(exact, smooth - 4 * 1024);
  EXPECT_LE(exact, smooth * 1.001);
}

TEST(PhaseBounds, TakeTheDimensionOfVApart) {
  Workload w = square(96, 6);
  w.head_dim_v = 4;
  const std::int64_t pairs = 96 * 96;
  const double reads = 96 * (6 + 6 + 4);
  const double writes = 96 * 4;
  // LB1: 4 d^2 = 144. LB2: 4 d (d + d_v) = 240. LB5: d^2 = 36, two words a pair.
  EXPECT_EQ(words(w, "LB1", 50), std::max(reads, loads(pairs, 144, 1, 50)) + writes);
  EXPECT_EQ(words(w, "LB2", 50), std::max(reads, loads(pairs, 240, 1, 50)) + writes);
  EXPECT_EQ(words(w, "LB5", 50), std::max(reads, loads(pairs, 36, 2, 50)) + writes);
  w.pass = Pass::backward;
  const double reads_back = 96 * (6 + 4 + 6 + 4);
  const double writes_back = 96 * (6 + 6 + 4);
  // LB3-rec: d^2 = 36 and d_v^2 = 16 have 4 in common, so a score weighs 9 and a dP 4, at most
  // W^2 / (4 x 4) or 9 W. LB3-norec: 4 (d + d_v)^2 = 400.
  EXPECT_EQ(words(w, "LB3-rec", 50),
            std::max(reads_back, loads(13 * pairs, 16, 9, 50)) + writes_back);
  EXPECT_EQ(words(w, "LB3-norec", 50),
            std::max(reads_back, loads(pairs, 400, 1, 50)) + writes_back);
  w.pass = Pass::forward_backward;  // one pass after the other
  EXPECT_EQ(words(w, "LB2+LB3-norec", 50),
            std::max(reads_back, loads(pairs, 240, 1, 50) + loads(pairs, 400, 1, 50)) +
                writes_back + writes);
  EXPECT_EQ(words(w, "LB2+LB3-rec", 50),
            std::max(reads_back, loads(pairs, 240, 1, 50) + loads(13 * pairs, 16, 9, 50)) +
                writes_back + writes);
}

TEST(PhaseBounds, TakeAllHeadsAsOneProblem) {
  Workload w = square(64, 8);
  w.batch = 3;
  w.heads = 4;
  w.kv_heads = 2;
  w.causal = true;
  const std::int64_t pairs = 12 * 64 * 65 / 2;
  const double reads = 12 * 64 * 8 + 6 * 2 * 64 * 8;
  const double writes = 12 * 64 * 8;
  EXPECT_EQ(words(w, "LB2", 100), std::max(reads, loads(pairs, 512, 1, 100)) + writes);
  // The heads one after another, each with the memory empty again, are no more than that.
  w.batch = 1;
  w.heads = w.kv_heads = 1;
  EXPECT_LE(12 * loads(64 * 65 / 2, 512, 1, 100), loads(pairs, 512, 1, 100));
}

TEST(PhaseBounds, GiveEachCoreItsOwnMemory) {
  const Workload w = square(4096, 32);
  const std::int64_t pairs = std::int64_t{4096} * 4096;
  const std::vector<BoundRow> rows = bounds(w, small_gpu());
  // 3072 fp16 words in each of four cores. The l2 has no capacity, so nothing is known at hbm.
  const double expected = std::max(3.0 * 4096 * 32, loads(pairs, 8192, 1, 3072, 4)) + 4096.0 * 32;
  EXPECT_EQ(row(rows, "LB2", "l2").words, expected);
  EXPECT_EQ(row(rows, "LB2", "l2").bytes, 2 * expected);
  EXPECT_EQ(row(rows, "LB2", "l2").m_words, Words(3072));
  for (const BoundRow& r : rows) EXPECT_TRUE(r.memory == "l2" || r.id == "LB0") << r.id;
}

TEST(PhaseBounds, BehindASharedCacheHaveOneMemory) {
  MachineSpec gpu = small_gpu();
  gpu.memories[2].capacity = Capacity{10000, false};
  const Workload w = square(4096, 32);
  const std::vector<BoundRow> rows = bounds(w, gpu);
  const std::int64_t m = (4 * (2048 + 4096) + 10000) / 2;
  const BoundRow& at_hbm = row(rows, "LB2", "hbm");
  EXPECT_EQ(at_hbm.m_words, Words(static_cast<std::uint64_t>(m)));
  EXPECT_EQ(at_hbm.words,
            std::max(3.0 * 4096 * 32, loads(std::int64_t{4096} * 4096, 8192, 1, m)) + 4096.0 * 32);
  EXPECT_LT(at_hbm.words, row(rows, "LB2", "l2").words);
}

TEST(PhaseBounds, CountTheSmallestElement) {
  Workload w = square(4096, 32);
  w.dtype = DType::f32;
  // One byte elements: four times as many fit, and each transfer may be one byte.
  const std::vector<BoundRow> rows =
      bounds(w, small_gpu(), {.footprint = {}, .element_bits = 8, .seen = {}});
  const double bytes =
      std::max(4 * 3.0 * 4096 * 32, loads(std::int64_t{4096} * 4096, 8192, 1, 6144, 4)) +
      4 * 4096.0 * 32;
  EXPECT_EQ(row(rows, "LB2", "l2").bytes, bytes);
  EXPECT_EQ(row(rows, "LB2", "l2").words, std::ceil(bytes / 4));
}

TEST(PhaseBounds, GrowTheMemoryToWhatARunHeld) {
  FootprintRow over;
  over.space = "sram";
  over.peak_bytes = Bytes(2 * 27648);
  const Workload w = square(1024, 64);
  const RunFacts run{.footprint = {over}, .element_bits = {}, .seen = {}};
  const std::vector<BoundRow> rows = bounds(w, two_level_machine(25600), run);
  EXPECT_EQ(row(rows, "LB2", "hbm").m_words, Words(27648));
  EXPECT_EQ(row(rows, "LB2", "hbm").words, words(w, "LB2", 27648));
}

TEST(PhaseBounds, TakeTheNumbersOfAMaskThatIsNoBand) {
  const Workload w = square(64, 8);
  const Visible blocks{.rows = 48, .keys = 32, .pairs = 700};
  const RunFacts run{.footprint = {}, .element_bits = {}, .seen = blocks};
  const std::vector<BoundRow> rows = bounds(w, two_level_machine(20), run);
  EXPECT_EQ(row(rows, "LB0", "hbm").words, 48 * 8 + 32 * 16 + 64 * 8);
  EXPECT_EQ(row(rows, "LB1", "hbm").words,
            std::max(48.0 * 8 + 32 * 16, loads(700, 256, 1, 20)) + 64 * 8);
}

TEST(UpperBounds, AreTheCountsOfTheirLoops) {
  EXPECT_EQ(words(square(1024, 64), "UB_flash_attention_2", 25600), 918528);
  EXPECT_EQ(words(square(4096, 128), "UB_square_tiling", 25600), 74989568);
  EXPECT_EQ(words(square(777, 100), "UB_square_tiling", 3000), 5388495);
  const std::vector<BoundRow> rows = bounds(square(64, 64), two_level_machine(130));
  EXPECT_FALSE(row(rows, "UB_flash_attention_2", "hbm").applies);  // not one row fits
  EXPECT_TRUE(row(rows, "UB_square_tiling", "hbm").applies);
}

std::string applying(const AlgorithmInfo& algorithm, Pass pass) {
  std::string out;
  const RunFacts run{.algorithm = &algorithm, .footprint = {}, .element_bits = {}, .seen = {}};
  for (const BoundRow& r : bounds(square(64, 8, pass), two_level_machine(100), run)) {
    if (r.applies && r.id.starts_with("LB")) out += r.id + " ";
  }
  return out;
}

TEST(BoundClass, DecidesWhatApplies) {
  AlgorithmInfo a;
  EXPECT_EQ(applying(a, Pass::forward), "LB0 LB1 LB2 LB4-rec LB4-norec LB5 ");
  EXPECT_EQ(applying(a, Pass::backward), "LB0 LB3-rec LB3-norec LB4-rec LB4-norec LB5 ");
  EXPECT_EQ(applying(a, Pass::forward_backward),
            "LB0 LB1+LB3-rec LB2+LB3-rec LB2+LB3-norec LB4-rec LB4-norec LB5 ");

  a.bound_class.recomputes = {Pass::backward};
  EXPECT_EQ(applying(a, Pass::forward), "LB0 LB1 LB2 LB4-rec LB4-norec LB5 ");
  EXPECT_EQ(applying(a, Pass::backward), "LB0 LB3-rec LB4-rec LB5 ");
  EXPECT_EQ(applying(a, Pass::forward_backward), "LB0 LB1+LB3-rec LB2+LB3-rec LB4-rec LB5 ");

  a.bound_class = {.saves_scores = true};
  EXPECT_EQ(applying(a, Pass::forward), "LB0 LB1 LB2 LB4-rec LB4-norec LB5 ");
  EXPECT_EQ(applying(a, Pass::backward), "LB0 LB3-rec LB3-norec ");

  a.bound_class = {.standard_products = false};
  EXPECT_EQ(applying(a, Pass::forward), "LB0 LB5 ");
  a.bound_class = {.exact = false};
  EXPECT_EQ(applying(a, Pass::forward), "LB0 ");
  a.function = "retention";
  EXPECT_EQ(applying(a, Pass::forward), "");
}

TEST(BoundClass, IsNamedInTheRow) {
  const std::vector<BoundRow> rows = bounds(square(64, 8, Pass::backward), two_level_machine(100));
  EXPECT_EQ(row(rows, "LB0", "hbm").holds_for, "any algorithm");
  EXPECT_EQ(row(rows, "LB3-rec", "hbm").holds_for, "standard products");
  EXPECT_EQ(row(rows, "LB4-norec", "hbm").holds_for,
            "standard products, scores once backward, none saved");
  EXPECT_EQ(row(rows, "LB5", "hbm").holds_for, "any products, none saved");
}

}  // namespace
}  // namespace attnsim::bounds
