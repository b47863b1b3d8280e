// Exact word counts at published sizes, three times over: the replayed trace, the algorithm's own
// formula, and the number that follows from the loop nest with a pencil.
//
// One head of N x d on the two-level machine of M words; every element is a word; clipped tails;
// c(a, b) = ceil(a / b); initialising stores are counted:
//
//   standard           3 N d c(N, b) + N^2 (1 + c(d, b)) + rho N^2 + N d
//                      rho = 2 if a row fits (N + 2 <= M), else 3 (arXiv 2205.14135, Algorithm 0)
//   FlashAttention-1   2 N d + c(N, Bc) (3 N d + 4 N) + N d + 2 N     (2205.14135, Algorithm 1)
//                      needs 2 Bc d + 2 Br d + Br Bc + 4 Br words
//   FlashAttention-2   2 N d + N + 2 N d c(N, Br)                     (2307.08691, Algorithm 1)
//                      needs 2 Bc d + 2 Br d + Br Bc + 2 Br words
//   square tiling      3 N d c(N, B) + N^2 (1 + c(d, B)) + N d + 2 N  (2402.07443, Algorithm 1);
//                      stable: 2 N more, for the row maxima
//   FLAT               2 N d + 2 N d c(N, R)                          (2107.06419)
//                      needs R (N + d + 2) + Bc d words
#include <cstdint>
#include <ostream>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/analytic/two_level_run.h"

namespace attnsim {
namespace {

using Sizes = std::pair<std::int64_t, std::int64_t>;

/// What one algorithm moves and needs with given tiles.
struct Count {
  Sizes tiles{};
  std::uint64_t words = 0;
  std::uint64_t needed = 0;
  bool fits = true;
};

struct Point {
  std::int64_t N, d;
  std::uint64_t M;
  Count standard{};         // b = bk = floor(sqrt(M / 4))
  Count flash_1{};          // Bc = c(M, 4 d), Br = min(Bc, d), as printed
  Count flash_1_fit{};      // fewest words that fit
  Count flash_2_swapped{};  // the printed sizes with the roles of Br and Bc exchanged
  Count flash_2_fit{};
  // Stable; literal is 2 N less. Square: B = floor(sqrt(M / 4)) as printed. Outer product: the
  // largest B with B^2 + 4 B <= M.
  Count square{};
  Count outer{};
  Count flat{};  // no words: not even one row fits
};

std::ostream& operator<<(std::ostream& out, const Point& p) {
  return out << "N " << p.N << ", d " << p.d << ", M " << p.M;
}

constexpr bool kOver = false;

const Point kPoints[] = {
    {1024,
     64,
     25600,
     {{80, 80}, 6815744, 16640},
     {{64, 100}, 2406400, 27648, kOver},
     {{12, 171}, 1402880, 25524},
     {{100, 64}, 1573888, 27592, kOver},
     {{171, 11}, 918528, 25519},
     {{80, 1}, 4722688, 16800},
     {{158, 1}, 3543040, 25596},
     {{23, 8}, 6029312, 25582}},
    {4096,
     64,
     25600,
     {{80, 80}, 108265472, 16640},
     {{64, 100}, 33710080, 27648, kOver},
     {{}, 17653760, 0},
     {{100, 64}, 22024192, 27592, kOver},
     {{}, 12062720, 0},
     {{80, 1}, 74727424, 16800},
     {{158, 1}, 54280192, 25596},
     {{6, 9}, 358612992, 25548}},
    {4096,
     128,
     25600,
     {{80, 80}, 166199296, 19200},
     {{50, 50}, 131899392, 28300, kOver},
     {{}, 68329472, 0},
     {{50, 50}, 87035904, 28200, kOver},
     {{}, 46141440, 0},
     {{80, 1}, 132661248, 19360},
     {{158, 1}, 74989568, 25596},
     {{6, 1}, 717225984, 25484}},
    {4096,
     128,
     57344,
     {{119, 119}, 139460608, 42483},
     {{112, 112}, 60383232, 70336, kOver},
     {{}, 31776768, 0},
     {{112, 112}, 39849984, 70112, kOver},
     {{}, 20975616, 0},
     {{119, 1}, 105922560, 42721},
     {{237, 1}, 62406656, 57117},
     {{13, 18}, 332398592, 57242}},
    {1000,
     64,
     25600,
     {{80, 80}, 6560000, 16640},
     {{64, 100}, 2154000, 27648, kOver},
     {{}, 1370000, 0},
     {{100, 64}, 1409000, 27592, kOver},
     {{}, 897000, 0},
     {{80, 1}, 4564000, 16800},
     {{158, 1}, 3412000, 25596},
     {{23, 16}, 5760000, 25542}},
    // Fast memories below d^2.
    {1024,
     128,
     1024,
     {{16, 16}, 37879808, 1024},
     {{2, 2}, 203819008, 1036, kOver},
     {{}, 203819008, 0},
     {{2, 2}, 134480896, 1032, kOver},
     {{}, 134480896, 0},
     {{16, 1}, 34738176, 800},
     {{30, 1}, 20189184, 1020},
     {}},
    {1024,
     128,
     4096,
     {{32, 32}, 20054016, 3072},
     {{8, 8}, 51251200, 4192, kOver},
     {{}, 29796352, 0},
     {{8, 8}, 33817600, 4176, kOver},
     {{}, 19661824, 0},
     {{32, 1}, 17960960, 3136},
     {{62, 1}, 11014144, 4092},
     {{3, 4}, 89915392, 3974}},
    {1024,
     64,
     1024,
     {{16, 16}, 21037056, 1024},
     {{4, 4}, 51578880, 1056, kOver},
     {{}, 34519040, 0},
     {{4, 4}, 33686528, 1048, kOver},
     {{}, 22545408, 0},
     {{16, 1}, 17895424, 800},
     {{30, 1}, 11145216, 1020},
     {}},
    {777,
     100,
     3000,
     {{27, 27}, 11063703, 2187},
     {{8, 8}, 23383038, 3296, kOver},
     {{}, 14407134, 0},
     {{8, 8}, 15385377, 3280, kOver},
     {{}, 9480177, 0},
     {{27, 1}, 9859353, 2241},
     {{52, 1}, 5388495, 2912},
     {{3, 3}, 40404000, 2937}},
};

RunSpec run_at(const Point& p, const std::string& algorithm) {
  return two_level_run(p.N, p.d, p.M, algorithm);
}

RunSpec with_blocks(RunSpec run, std::int64_t Br, std::int64_t Bc) {
  return with_tiles(std::move(run), {{"Br", Br}, {"Bc", Bc}});
}

/// Tiles and needed words are compared where the count gives them: several pairs may tie.
void expect_count(const RunSpec& run, const Count& expected) {
  const Result result = replay_against_formula(run);
  EXPECT_EQ(total_words(result), expected.words);
  const FootprintRow& sram = *result.footprint_row("sram");
  EXPECT_EQ(sram.fits, expected.fits);
  EXPECT_EQ(result.fits(), expected.fits);
  EXPECT_EQ(sram.capacity_words, Words(run.machine.memories[0].capacity->amount));
  if (expected.needed > 0) {
    EXPECT_EQ(sram.peak_words.count, expected.needed);
  }
  if (expected.tiles.first > 0) {
    EXPECT_EQ(Sizes(result.tiles[0].second, result.tiles[1].second), expected.tiles);
  }
}

class ClosedForm : public ::testing::TestWithParam<Point> {};

TEST_P(ClosedForm, StandardWithThePapersBlocks) {
  expect_count(with_rule(run_at(GetParam(), "standard"), TileRule::paper), GetParam().standard);
}

TEST_P(ClosedForm, FlashAttention1WithThePapersBlocks) {
  expect_count(with_rule(run_at(GetParam(), "flash_attention_1"), TileRule::paper),
               GetParam().flash_1);
}

TEST_P(ClosedForm, FlashAttention1WithTheBestBlocksThatFit) {
  expect_count(with_rule(run_at(GetParam(), "flash_attention_1"), TileRule::fit),
               GetParam().flash_1_fit);
}

TEST_P(ClosedForm, FlashAttention2WithThePapersBlocksSwapped) {
  const Count& expected = GetParam().flash_2_swapped;
  const RunSpec run = run_at(GetParam(), "flash_attention_2");
  expect_count(with_blocks(run, expected.tiles.first, expected.tiles.second), expected);
  expect_count(with_rule(run, TileRule::paper), expected);
}

TEST_P(ClosedForm, FlashAttention2WithTheBestBlocksThatFit) {
  expect_count(with_rule(run_at(GetParam(), "flash_attention_2"), TileRule::fit),
               GetParam().flash_2_fit);
}

// Without line 2 of the algorithm, the first pass neither finds nor needs O, l and m in memory.
TEST_P(ClosedForm, FlashAttention1TrimmedSavesTheInitialStoresAndTheirLoads) {
  const Point& p = GetParam();
  RunSpec run = with_rule(run_at(p, "flash_attention_1"), TileRule::paper);
  run.algorithm.params.set("trimmed", true);
  Count expected = p.flash_1;
  expected.words -= static_cast<std::uint64_t>(2 * (p.N * p.d + 2 * p.N));
  expect_count(run, expected);
}

void expect_single_size(const RunSpec& run, const Count& expected) {
  Count without_tiles = expected;
  without_tiles.tiles = {};
  expect_count(run, without_tiles);
  EXPECT_EQ(replay::PlannedRun(run).schedule().tiles().sizes.first, expected.tiles.first);
}

TEST_P(ClosedForm, SquareTilingWithThePapersBlocks) {
  const Point& p = GetParam();
  RunSpec run = with_rule(run_at(p, "square_tiling"), TileRule::paper);
  expect_single_size(run, p.square);
  run.algorithm.params.set("variant", std::string("literal"));
  Count literal = p.square;
  literal.words -= static_cast<std::uint64_t>(2 * p.N);
  literal.needed -= static_cast<std::uint64_t>(literal.tiles.first);  // one statistic less
  expect_single_size(run, literal);
}

TEST_P(ClosedForm, OuterProductTiling) {
  const Point& p = GetParam();
  const RunSpec run = run_at(p, "outer_product_tiling");
  expect_single_size(with_rule(run, TileRule::paper), p.outer);
  // Several block sizes tie; the solver takes the smallest footprint.
  const Result fitted = replay_against_formula(with_rule(run, TileRule::fit));
  EXPECT_EQ(total_words(fitted), p.outer.words);
  EXPECT_TRUE(fitted.fits());
}

TEST_P(ClosedForm, FlatWithTheMostRowsThatFit) {
  const Point& p = GetParam();
  const RunSpec run = with_rule(run_at(p, "flat"), TileRule::fit);
  if (p.flat.words > 0) {
    expect_count(run, p.flat);
  } else {
    EXPECT_LT(p.M, static_cast<std::uint64_t>(p.N + 2 * p.d + 2));
    EXPECT_THROW(replay::replay(run), UserError);
  }
}

// With a row more or a block size more, nothing fits: the solver's choice is the largest.
TEST_P(ClosedForm, FlatHasNoRoomForAnotherRow) {
  const Point& p = GetParam();
  if (p.flat.words == 0) return;
  const std::int64_t rows = p.flat.tiles.first + 1;
  EXPECT_GT(static_cast<std::uint64_t>(rows * (p.N + p.d + 2) + p.d), p.M);
}

/// 64 x 64 blocks beside the diagonal, 46 of 256.
RunSpec tridiagonal(const std::string& order) {
  RunSpec run = with_blocks(run_at(kPoints[0], "block_sparse_flash_attention"), 64, 64);
  run.algorithm.params.set("order", order);
  MaskSpec mask{.kind = "bigbird", .block = 64};
  for (const auto& [param, blocks] : {std::pair("window", 3), {"global", 0}, {"random", 0}}) {
    mask.params.set(param, std::int64_t{blocks});
  }
  run.workload.mask = mask;
  return run;
}

// Algorithm 5: 2 N d + 46 x 64 (3 d + 4) + N d + 2 N words, and beside them 16 + 46 words of block
// lists.
TEST(BlockSparseClosedForm, TridiagonalBand) {
  RunSpec run = tridiagonal("fa1");
  const Result result = replay_against_formula(run);
  EXPECT_EQ(result.io_row("hbm", "mask")->words().count, 62u);
  EXPECT_EQ(total_words(result), 775'680u + 62u);
  ASSERT_TRUE(result.density);
  EXPECT_EQ(result.density->visited_tiles, 46u);
  EXPECT_EQ(result.density->tiles, 256u);
  EXPECT_EQ(result.density->realised(), 46.0 / 256);
  EXPECT_EQ(result.density->useful(), 1.0);

  // Query blocks outside: Q, O and L once, K and V per visit.
  run.algorithm.params.set("order", std::string("fa2"));
  EXPECT_EQ(total_words(replay_against_formula(run)),
            2u * 1024 * 64 + 1024u + 46u * 64 * 2 * 64 + 62u);
  // Tiles of half the size cost twice the lists and as many keys.
  EXPECT_EQ(total_words(replay_against_formula(with_blocks(run, 64, 32))),
            2u * 1024 * 64 + 1024u + 46u * 64 * 2 * 64 + 16u + 92u);
}

// K, V, dK, dV once and the zeros of dQ, 5 N d; each visit of 64 rows loads Q and dO, reads and
// writes dQ. fa1: zeros of dK and dV, 2 N d; O, l and m per visit. fa2: D from O and dO first, 2 N
// d
// + N; L and D per visit. 16 + 46 words of block lists.
TEST(BlockSparseClosedForm, TridiagonalBandBackward) {
  RunSpec run = tridiagonal("fa1");
  run.workload.pass = Pass::backward;
  const Result result = replay_against_formula(run);
  EXPECT_EQ(result.io_row("hbm", "mask_backward")->words().count, 62u);
  EXPECT_EQ(total_words(result), 7u * 1024 * 64 + 46u * 64 * (5 * 64 + 2) + 62u);
  ASSERT_TRUE(result.density);
  EXPECT_EQ(result.density->visited_tiles, 46u);
  run.algorithm.params.set("order", std::string("fa2"));
  EXPECT_EQ(total_words(replay_against_formula(run)),
            7u * 1024 * 64 + 1024u + 46u * 64 * (4 * 64 + 2) + 62u);
  // Both passes, each with its tiles and its lists.
  run.workload.pass = Pass::forward_backward;
  run.algorithm.tiles.sizes["Bc_backward"] = 32;
  const Result both = replay_against_formula(run);
  EXPECT_EQ(both.io_row("hbm", "mask")->words().count, 16u + 46u);
  EXPECT_EQ(both.io_row("hbm", "mask_backward")->words().count, 32u + 92u);
}

INSTANTIATE_TEST_SUITE_P(Points, ClosedForm, ::testing::ValuesIn(kPoints), [](const auto& point) {
  return "N" + std::to_string(point.param.N) + "d" + std::to_string(point.param.d) + "M" +
         std::to_string(point.param.M);
});

// A block is left out when its first key lies beyond its last row.
TEST(CausalClosedForm, FlashAttention1) {
  RunSpec run = with_blocks(run_at(kPoints[0], "flash_attention_1"), 64, 100);
  run.workload.causal = true;
  EXPECT_EQ(total_words(replay_against_formula(run)), 1'390'336u);
}

TEST(CausalClosedForm, FlashAttention2) {
  RunSpec run = with_blocks(run_at(kPoints[0], "flash_attention_2"), 100, 64);
  run.workload.causal = true;
  EXPECT_EQ(total_words(replay_against_formula(run)), 1'008'640u);
}

// N = 5, d = 2, Br = 2, Bc = 3, counted by tensor: 3 row blocks, 2 key blocks.
TEST(ClosedFormByTensor, FlashAttention1) {
  const RunSpec run = with_blocks(run_at({.N = 5, .d = 2, .M = 100}, "flash_attention_1"), 2, 3);
  const Result result = replay_against_formula(run);
  const auto row = [&](const char* tensor) { return *result.io_row("hbm", tensor); };
  EXPECT_EQ(row("Q").read_words.count, 2u * 5 * 2);
  EXPECT_EQ(row("K").read_words.count, 5u * 2);
  EXPECT_EQ(row("V").read_words.count, 5u * 2);
  EXPECT_EQ(row("O").read_words.count, 2u * 5 * 2);
  EXPECT_EQ(row("O").write_words.count, 3u * 5 * 2);
  EXPECT_EQ(row("O").init_words.count, 5u * 2);
  for (const char* statistic : {"l", "m"}) {
    EXPECT_EQ(row(statistic).read_words.count, 2u * 5);
    EXPECT_EQ(row(statistic).write_words.count, 3u * 5);
    EXPECT_EQ(row(statistic).init_words.count, 5u);
  }
  EXPECT_EQ(row("total").read_words.count, 80u);
  EXPECT_EQ(row("total").write_words.count, 60u);
  EXPECT_EQ(row("total").init_words.count, 20u);
}

// The work of 2 products: 2 N^2 (d + d) flops; one exponential for each score and, in each visit of
// a row, one for the rescaling; one logarithm a row.
TEST(ClosedFormWork, FlashAttention2) {
  const RunSpec run = with_blocks(run_at({.N = 6, .d = 2, .M = 100}, "flash_attention_2"), 3, 2);
  const WorkSummary work = replay::replay(run).work;
  EXPECT_EQ(work.matrix_flops, 2u * 6 * 6 * (2 + 2));
  EXPECT_EQ(work.exp_ops, 6u * 6 + 6u * 3 + 6u);
  EXPECT_EQ(work.tasks, 2u);
}

}  // namespace
}  // namespace attnsim
