// Exact word counts of backward passes, three times over: the replayed trace, the algorithm's own
// formula, and the number that follows from the loop nest with a pencil.
//
// One head of N x d on the two-level machine of M words; every element is a word; clipped tails;
// c(a, b) = ceil(a / b); initialising stores are counted:
//
//   standard             5 N d c(N, b) + N^2 (3 c(d, b) + 2 + 2 rho) + 3 N d     (2205.14135, Alg.
//   3)
//                        rho = 1 if two rows fit (2 N + 1 <= M), else 2
//   FlashAttention-1     4 N d + c(N, Bc) (5 N d + 2 N) + 3 N d                  (2205.14135, Alg.
//   4)
//                        needs 4 Bc d + 4 Br d + 2 Br Bc + 3 Br words
//   FlashAttention-2     6 N d + N + c(N, Bc) (4 N d + 2 N) + N d                (2307.08691, Alg.
//   2)
//                        needs 4 Bc d + 3 Br d + 2 Br Bc + 2 Br words
//   two kernels          9 N d + 3 N + c(N, Bc) (2 N d + 2 N) + 2 N d c(N, Br)
//                        Bc of the kernel of dK and dV, which needs 4 Bc d + 2 Br d + 2 Br Bc + 2
//                        Br, Br of the kernel of dQ, which needs 3 Br d + 2 Bc d + 2 Br Bc + 2 Br
//                        words
//   small cache          7 N d c(N, b) + N^2 (3 c(d, b) + 2) + 5 N d + 3 N
//                        needs 2 b^2 + 2 b bk + 2 b words
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>

#include "sim/core/error.h"
#include "tests/analytic/two_level_run.h"

namespace attnsim {
namespace {

struct Point {
  std::int64_t N, d;
  std::uint64_t M;
  std::uint64_t flash_1;  // Bc = c(M, 4 d), Br = min(Bc, d), as printed: too large
  std::optional<std::uint64_t> flash_1_fit;  // fewest words that fit; empty: nothing does
  std::uint64_t flash_2;
  std::uint64_t flash_2_fit;
  std::uint64_t two_kernel_fit;
  std::int64_t square;  // the largest b with 4 b^2 + 2 b <= M
  std::uint64_t small_cache;
  std::int64_t flat;  // the largest b with 2 b^2 + 4 b <= M
  std::uint64_t small_cache_flat;
};

std::ostream& operator<<(std::ostream& out, const Point& p) {
  return out << "N " << p.N << ", d " << p.d << ", M " << p.M;
}

constexpr std::nullopt_t kInfeasible = std::nullopt;

const Point kPoints[] = {
    {1024, 64, 25600, 4085760, 4085760, 3365888, 3365888, 3105792, 79, 11537408, 112, 10161152},
    {4096, 64, 25600, 55910400, 57229312, 45166592, 46223360, 41512960, 79, 180629504, 112,
     153104384},
    {4096, 128, 25600, 219299840, 229818368, 176312320, 180523008, 160608256, 79, 327692288, 112,
     272642048},
    {4096, 128, 57344, 100966400, 103596032, 81571840, 83677184, 73191424, 119, 265302016, 168,
     178270208},
    {1000, 64, 25600, 3668000, 3990000, 3029000, 3287000, 3033000, 79, 11147000, 112, 9355000},
    // Fast memories below d^2.
    {1024, 128, 1024, 337510400, kInfeasible, 270402560, 539886592, 540150784, 15, 94374912, 21,
     69733376},
    {1024, 128, 4096, 85065728, 113334272, 68289536, 78289920, 69903360, 31, 49679360, 44,
     34212864},
    {1024, 64, 1024, 84869120, 169279488, 68092928, 90813440, 79674368, 15, 49810432, 21, 37489664},
    {777, 100, 3000, 38769192, 51250920, 31155369, 41150697, 34625451, 27, 24616137, 37, 18453750},
};

RunSpec run_at(const Point& p, const std::string& algorithm) {
  return two_level_run(p.N, p.d, p.M, algorithm, Pass::backward);
}

void expect_words(const RunSpec& run, std::uint64_t words, bool fits) {
  const Result result = replay_against_formula(run);
  EXPECT_EQ(total_words(result), words);
  EXPECT_EQ(result.fits(), fits);
}

class BackwardClosedForm : public ::testing::TestWithParam<Point> {};

TEST_P(BackwardClosedForm, FlashAttention1WithThePapersBlocks) {
  expect_words(with_rule(run_at(GetParam(), "flash_attention_1"), TileRule::paper),
               GetParam().flash_1, false);
}

TEST_P(BackwardClosedForm, FlashAttention1WithTheBestBlocksThatFit) {
  const RunSpec run = with_rule(run_at(GetParam(), "flash_attention_1"), TileRule::fit);
  if (GetParam().flash_1_fit) {
    expect_words(run, *GetParam().flash_1_fit, true);
  } else {
    EXPECT_THROW(replay::replay(run), UserError);
  }
}

TEST_P(BackwardClosedForm, FlashAttention2WithThePapersBlocks) {
  expect_words(with_rule(run_at(GetParam(), "flash_attention_2"), TileRule::paper),
               GetParam().flash_2, false);
}

TEST_P(BackwardClosedForm, FlashAttention2WithTheBestBlocksThatFit) {
  expect_words(with_rule(run_at(GetParam(), "flash_attention_2"), TileRule::fit),
               GetParam().flash_2_fit, true);
}

TEST_P(BackwardClosedForm, TwoKernelsWithTheBestBlocksThatFit) {
  expect_words(with_rule(run_at(GetParam(), "two_kernel_backward"), TileRule::fit),
               GetParam().two_kernel_fit, true);
}

TEST_P(BackwardClosedForm, SmallCacheWithSquareSteps) {
  const Point& p = GetParam();
  const RunSpec run = run_at(p, "small_cache_backward");
  expect_words(with_rule(run, TileRule::paper), p.small_cache, true);
  expect_words(with_tiles(run, {{"b", p.square}, {"bk", p.square}}), p.small_cache, true);
}

// A block one larger would not fit; `fit` finds blocks that move as little.
TEST_P(BackwardClosedForm, SmallCacheWithFlatSteps) {
  const Point& p = GetParam();
  const RunSpec run = run_at(p, "small_cache_backward");
  const Result result = replay_against_formula(with_tiles(run, {{"b", p.flat}, {"bk", 1}}));
  EXPECT_EQ(total_words(result), p.small_cache_flat);
  const auto needed = static_cast<std::uint64_t>(2 * p.flat * p.flat + 4 * p.flat);
  EXPECT_EQ(result.footprint_row("sram")->peak_words.count, needed);
  EXPECT_LE(needed, p.M);
  EXPECT_GT(needed + static_cast<std::uint64_t>(4 * p.flat + 6), p.M);
  expect_words(with_rule(run, TileRule::fit), p.small_cache_flat, true);
}

INSTANTIATE_TEST_SUITE_P(Points, BackwardClosedForm, ::testing::ValuesIn(kPoints),
                         [](const auto& point) {
                           return "N" + std::to_string(point.param.N) + "d" +
                                  std::to_string(point.param.d) + "M" +
                                  std::to_string(point.param.M);
                         });

// N = 1024, d = 64, M = 25600: 13 x 13 blocks of 80, one of the head dimension; two rows of 1024
// fit.
TEST(BackwardStandard, MovesWhatItsProductsMove) {
  const RunSpec run = two_level_run(1024, 64, 25600, "standard", Pass::backward);
  expect_words(with_rule(run, TileRule::paper), 5 * 65536 * 13 + 1048576 * (3 + 2 + 2) + 3 * 65536,
               true);
}

// M = 2048: two rows of 1024 need 2049 words. 47 blocks of 22, 3 of the head dimension.
TEST(BackwardStandard, ReadsRowsTwiceThatDoNotFit) {
  const RunSpec run = two_level_run(1024, 64, 2048, "standard", Pass::backward);
  expect_words(with_rule(run, TileRule::paper),
               5 * 65536 * 47 + 1048576 * (3 * 3 + 2 + 4) + 3 * 65536, true);
}

// What the smallest block needs: 8 d + 5 words (FlashAttention-1), 7 d + 4 (FlashAttention-2).
TEST(BackwardFeasibility, EndsAtTheSmallestBlock) {
  const auto fits = [](const char* algorithm, std::uint64_t M) {
    const RunSpec run =
        with_rule(two_level_run(64, 32, M, algorithm, Pass::backward), TileRule::fit);
    try {
      return replay::replay(run).fits();
    } catch (const UserError&) {
      return false;
    }
  };
  EXPECT_TRUE(fits("flash_attention_1", 8 * 32 + 5));
  EXPECT_FALSE(fits("flash_attention_1", 8 * 32 + 4));
  EXPECT_TRUE(fits("flash_attention_2", 7 * 32 + 4));
  EXPECT_FALSE(fits("flash_attention_2", 7 * 32 + 3));
  EXPECT_TRUE(fits("two_kernel_backward", 6 * 32 + 4));
  EXPECT_FALSE(fits("two_kernel_backward", 6 * 32 + 3));
}

// An atomic crosses outwards only: FlashAttention-2 reads no dQ, 11 passes of N d words less.
TEST(BackwardAtomics, ReadNoGradient) {
  RunSpec run =
      with_rule(two_level_run(1024, 64, 25600, "flash_attention_2", Pass::backward), TileRule::fit);
  run.algorithm.params.set("dq", std::string("atomic"));
  expect_words(run, 3365888 - 11 * 65536, true);
  EXPECT_EQ(replay::replay(run).io_row("hbm", "dQ")->read_words.count, 0u);
}

// Both passes in one program: 918528 + 3365888 words, each with its own blocks; O and L are written
// by the one and read by the other, and held once.
TEST(ForwardBackward, IsBothPassesWithTheTensorsShared) {
  const auto run_of = [](Pass pass) {
    return replay_against_formula(
        with_rule(two_level_run(1024, 64, 25600, "flash_attention_2", pass), TileRule::fit));
  };
  const Result both = run_of(Pass::forward_backward);
  EXPECT_EQ(total_words(both), 918528u + 3365888u);
  EXPECT_EQ(both.io_row("hbm", "L")->write_words.count, 1024u);
  EXPECT_EQ(both.io_row("hbm", "L")->read_words.count, 11u * 1024);
  const Result backward = run_of(Pass::backward);
  // Q, K, V, O, dO, dQ, dK, dV of N d words, L and D of N.
  EXPECT_EQ(both.footprint_row("hbm")->peak_words.count, 8u * 65536 + 2 * 1024);
  EXPECT_EQ(backward.footprint_row("hbm")->peak_words.count, 8u * 65536 + 2 * 1024);
  EXPECT_EQ(both.tiles, (std::vector<std::pair<std::string, std::int64_t>>{
                            {"Br", 171}, {"Bc", 11}, {"Br_backward", 4}, {"Bc_backward", 94}}));
}

// Sizes of the second nest fall back to those of the first.
TEST(ForwardBackward, TakesExplicitSizesForEachNest) {
  const RunSpec run = two_level_run(100, 8, 25600, "flash_attention_1", Pass::forward_backward);
  const auto passes = [&](std::map<std::string, std::int64_t> sizes) {
    const Result result = replay_against_formula(with_tiles(run, std::move(sizes)));
    // Q is read once per column block of either pass.
    return result.io_row("hbm", "Q")->read_words.count / 800;
  };
  EXPECT_EQ(passes({{"Br", 7}, {"Bc", 25}}), 4u + 4);
  EXPECT_EQ(passes({{"Br", 7}, {"Bc", 25}, {"Bc_backward", 50}}), 4u + 2);
}

// Causal, N = 5, Br = 2, Bc = 3, two heads on one KV head. Row blocks {0,1}, {2,3}, {4}; key blocks
// {0,1,2} seen by all five rows, {3,4} by the last three.
TEST(BackwardClosedFormByTensor, FlashAttention2) {
  RunSpec run = with_tiles(two_level_run(5, 2, 200, "flash_attention_2", Pass::backward),
                           {{"Br", 2}, {"Bc", 3}});
  run.workload.heads = 2;
  run.workload.causal = true;
  const Result result = replay_against_formula(run);
  const auto row = [&](const char* tensor) { return *result.io_row("hbm", tensor); };
  const std::uint64_t visits = 2 * (5 + 3);
  EXPECT_EQ(row("Q").read_words.count, visits * 2);
  EXPECT_EQ(row("K").read_words.count, 5u * 2);  // once, for both heads
  EXPECT_EQ(row("V").read_words.count, 5u * 2);
  EXPECT_EQ(row("O").read_words.count, 2u * 5 * 2);
  EXPECT_EQ(row("dO").read_words.count, (10 + visits) * 2);
  EXPECT_EQ(row("L").read_words.count, visits);
  EXPECT_EQ(row("D").read_words.count, visits);
  EXPECT_EQ(row("D").write_words.count, 10u);
  EXPECT_EQ(row("dQ").read_words.count, visits * 2);
  EXPECT_EQ(row("dQ").write_words.count, (10 + visits) * 2);
  EXPECT_EQ(row("dQ").init_words.count, 10u * 2);
  EXPECT_EQ(row("dK").write_words.count, 5u * 2);
  EXPECT_EQ(row("dV").write_words.count, 5u * 2);
}

// Five products of 2 N^2 d flops; two of them twice in the recomputing form.
TEST(BackwardWork, CountsTheProducts) {
  const auto flops = [](const char* algorithm) {
    return replay::replay(
               with_rule(two_level_run(30, 4, 25600, algorithm, Pass::backward), TileRule::fit))
        .work.matrix_flops;
  };
  constexpr std::uint64_t kProduct = 2 * 30 * 30 * 4;
  EXPECT_EQ(flops("flash_attention_1"), 5 * kProduct);
  EXPECT_EQ(flops("flash_attention_2"), 5 * kProduct);
  EXPECT_EQ(flops("small_cache_backward"), 5 * kProduct);
  EXPECT_EQ(flops("two_kernel_backward"), 7 * kProduct);
  EXPECT_EQ(flops("standard"), 4 * kProduct);  // P is that of the forward pass
}

}  // namespace
}  // namespace attnsim
