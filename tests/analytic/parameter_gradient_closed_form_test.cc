// Exact word counts of the gradient of attention's parameter X, as backward_closed_form_test.cc
// counts those of dQ, dK and dV: replayed trace, formula, and a number from the loop nest.
//
// One head of N x d on the two-level machine of M words, c(a, b) = ceil(a / b). Phase by phase,
// with B for the block:
//
//   Q = A1 X, V = A3 Y      2 (N d c(d, B) + d^2 c(N, B) + N d)
//   S; m and l              2 N d c(N, B) + N^2 + 2 N
//   dP; m, l, S again; D    2 N d c(N, B) + 2 N^2 + 3 N
//   dS; m, l, D, S, dP      3 N^2 + 3 N
//   dQ = dS A2              N^2 c(d, B) + N d c(N, B) + N d
//   dX = A1^T dQ            2 N d c(d, B) + d^2
//
// It needs B^2 + B max(2 bk, B) + 3 B words: a block of dP and two of its operands or one of S, and
// three statistics a row. Square blocks with bk = B = floor(sqrt(M / 4)) need 3 B^2 + 3 B <= 4 B^2
// from B = 3 on; steps of bk = 1 need 2 B^2 + 3 B.
#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>

#include "sim/core/error.h"
#include "tests/analytic/two_level_run.h"

namespace attnsim {
namespace {

struct Point {
  std::int64_t N, d;
  std::uint64_t M;
  std::int64_t square;  // floor(sqrt(M / 4))
  std::uint64_t square_words;
  std::int64_t flat;  // the largest B with 2 B^2 + 3 B <= M
  std::uint64_t flat_words;
};

std::ostream& operator<<(std::ostream& out, const Point& p) {
  return out << "N " << p.N << ", d " << p.d << ", M " << p.M;
}

const Point kPoints[] = {
    {1024, 64, 25600, 80, 12177408, 112, 11169792},
    {4096, 64, 25600, 80, 187895808, 112, 168112128},
    {4096, 128, 25600, 80, 278052864, 112, 238239744},
    {4096, 128, 57344, 119, 232931328, 168, 187514880},
    {1000, 64, 25600, 80, 11726592, 112, 10413824},
    // Fast memories below d^2.
    {1024, 128, 1024, 16, 63332352, 21, 51437568},
    {1024, 128, 4096, 32, 35020800, 44, 27942912},
    {1024, 64, 1024, 16, 33239040, 21, 28200960},
    {777, 100, 3000, 27, 19376306, 37, 15193777},
};

RunSpec run_at(std::int64_t N, std::int64_t d, std::uint64_t M) {
  return two_level_run(N, d, M, "attention_parameter_gradient", Pass::backward);
}

RunSpec run_at(const Point& p) { return run_at(p.N, p.d, p.M); }

std::uint64_t peak_words(const Result& result) {
  return result.footprint_row("sram")->peak_words.count;
}

class ParameterGradientClosedForm : public ::testing::TestWithParam<Point> {};

TEST_P(ParameterGradientClosedForm, WithThePapersSquareBlocks) {
  const Point& p = GetParam();
  const auto B = static_cast<std::uint64_t>(p.square);
  const auto step = static_cast<std::uint64_t>(std::min(p.square, p.d));  // clipped to the head
  for (const RunSpec& run : {with_rule(run_at(p), TileRule::paper),
                             with_tiles(run_at(p), {{"b", p.square}, {"bk", p.square}})}) {
    const Result result = replay_against_formula(run);
    EXPECT_EQ(total_words(result), p.square_words);
    EXPECT_EQ(peak_words(result), B * B + 2 * B * step + 3 * B);
    EXPECT_LE(peak_words(result), 3 * B * B + 3 * B);
    EXPECT_TRUE(result.fits());
  }
}

// A block one larger would not fit; `fit` finds blocks that move as little.
TEST_P(ParameterGradientClosedForm, WithFlatSteps) {
  const Point& p = GetParam();
  const Result result = replay_against_formula(with_tiles(run_at(p), {{"b", p.flat}, {"bk", 1}}));
  EXPECT_EQ(total_words(result), p.flat_words);
  const auto B = static_cast<std::uint64_t>(p.flat);
  EXPECT_EQ(peak_words(result), 2 * B * B + 3 * B);
  EXPECT_LE(peak_words(result), p.M);
  EXPECT_GT(2 * (B + 1) * (B + 1) + 3 * (B + 1), p.M);

  const Result fitted = replay_against_formula(with_rule(run_at(p), TileRule::fit));
  EXPECT_EQ(total_words(fitted), p.flat_words);
  EXPECT_TRUE(fitted.fits());
}

INSTANTIATE_TEST_SUITE_P(Points, ParameterGradientClosedForm, ::testing::ValuesIn(kPoints),
                         [](const auto& point) {
                           return "N" + std::to_string(point.param.N) + "d" +
                                  std::to_string(point.param.d) + "M" +
                                  std::to_string(point.param.M);
                         });

// The formula above at every block that fits: `fit` finds the least.
TEST(ParameterGradientFit, IsTheLeastOfTheFormula) {
  const auto words = [](std::uint64_t N, std::uint64_t d, std::uint64_t B) {
    const auto c = [B](std::uint64_t n) { return (n + B - 1) / B; };
    return 2 * (N * d * c(d) + d * d * c(N) + N * d) + 4 * N * d * c(N) + 6 * N * N + 8 * N +
           N * N * c(d) + N * d * c(N) + N * d + 2 * N * d * c(d) + d * d;
  };
  for (const std::uint64_t M : {36u, 100u, 700u, 2048u}) {
    std::uint64_t least = words(61, 13, 1);
    for (std::uint64_t B = 2; 2 * B * B + 3 * B <= M && B <= 61; ++B) {
      least = std::min(least, words(61, 13, B));
    }
    const Result result = replay_against_formula(with_rule(run_at(61, 13, M), TileRule::fit));
    EXPECT_EQ(total_words(result), least) << M;
    EXPECT_TRUE(result.fits());
  }
}

// One row and one key: dP and its two operands, and m, l, D.
TEST(ParameterGradientFeasibility, EndsAtSixWords) {
  EXPECT_TRUE(replay::replay(with_rule(run_at(8, 4, 6), TileRule::fit)).fits());
  EXPECT_THROW(replay::replay(with_rule(run_at(8, 4, 5), TileRule::fit)), UserError);
}

// The square blocks leave no room for the statistics below B = 3: 6 of 4, 18 of 16, 36 of 36 words.
TEST(ParameterGradientFeasibility, OfThePapersBlocksBeginsAtThree) {
  EXPECT_FALSE(replay::replay(with_rule(run_at(8, 4, 4), TileRule::paper)).fits());
  EXPECT_FALSE(replay::replay(with_rule(run_at(8, 4, 16), TileRule::paper)).fits());
  EXPECT_TRUE(replay::replay(with_rule(run_at(8, 4, 36), TileRule::paper)).fits());
}

// Causal, which hides but skips nothing; 5 x 7 scores, d = 3, d_v = 4, two heads on one KV head,
// blocks of 2: 3 row blocks, 4 key blocks, 2 blocks of d and of d_v.
TEST(ParameterGradientByTensor, RaggedWithGroupedHeads) {
  RunSpec run = with_tiles(run_at(5, 3, 100), {{"b", 2}, {"bk", 1}});
  run.workload.heads = 2;
  run.workload.seqlen_kv = 7;
  run.workload.head_dim_v = 4;
  run.workload.causal = true;
  const Result result = replay_against_formula(run);
  const auto expect = [&](const char* tensor, std::uint64_t read, std::uint64_t written) {
    const IoRow& row = *result.io_row("hbm", tensor);
    EXPECT_EQ(row.read_words.count, read) << tensor;
    EXPECT_EQ(row.write_words.count, written) << tensor;
  };
  expect("A1", 2 * (15 * 2 + 15 * 2), 0);  // Q and dX, once for each block of d
  expect("X", 2 * 9 * 3, 0);
  expect("A2", 2 * 2 * 21 * 3, 0);  // S and dQ, each head for itself
  expect("A3", 28 * 2, 0);          // once for both heads
  expect("Y", 16 * 4, 0);
  expect("dO", 2 * 20 * 4, 0);
  expect("Q", 2 * 15 * 4, 2 * 15);
  expect("S", 2 * 35 * 2, 2 * 35);
  expect("m", 2 * 5 * 2, 2 * 5);
  expect("l", 2 * 5 * 2, 2 * 5);
  expect("V", 2 * 28 * 3, 28);
  expect("dP", 2 * 35, 2 * 35);
  expect("D", 2 * 5, 2 * 5);
  expect("dS", 2 * 35 * 2, 2 * 35);
  expect("dQ", 2 * 15 * 2, 2 * 15);
  expect("dX", 0, 2 * 9);
}

// Three products of 2 N^2 d flops and three of 2 N d^2: two of tokens and parameters, one of dX.
TEST(ParameterGradientWork, CountsTheProducts) {
  const Result result = replay::replay(with_rule(run_at(30, 4, 25600), TileRule::fit));
  EXPECT_EQ(result.work.matrix_flops, 3u * 2 * 30 * 30 * 4 + 3u * 2 * 30 * 4 * 4);
  EXPECT_EQ(result.work.exp_ops, 3u * 900 + 30);  // the statistics, and P twice
}

}  // namespace
}  // namespace attnsim
