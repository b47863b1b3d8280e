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
     {{171, 11}, 918528, 25519}},
    {4096,
     64,
     25600,
     {{80, 80}, 108265472, 16640},
     {{64, 100}, 33710080, 27648, kOver},
     {{}, 17653760, 0},
     {{100, 64}, 22024192, 27592, kOver},
     {{}, 12062720, 0}},
    {4096,
     128,
     25600,
     {{80, 80}, 166199296, 19200},
     {{50, 50}, 131899392, 28300, kOver},
     {{}, 68329472, 0},
     {{50, 50}, 87035904, 28200, kOver},
     {{}, 46141440, 0}},
    {4096,
     128,
     57344,
     {{119, 119}, 139460608, 42483},
     {{112, 112}, 60383232, 70336, kOver},
     {{}, 31776768, 0},
     {{112, 112}, 39849984, 70112, kOver},
     {{}, 20975616, 0}},
    {1000,
     64,
     25600,
     {{80, 80}, 6560000, 16640},
     {{64, 100}, 2154000, 27648, kOver},
     {{}, 1370000, 0},
     {{100, 64}, 1409000, 27592, kOver},
     {{}, 897000, 0}},
    // Fast memories below d^2.
    {1024,
     128,
     1024,
     {{16, 16}, 37879808, 1024},
     {{2, 2}, 203819008, 1036, kOver},
     {{}, 203819008, 0},
     {{2, 2}, 134480896, 1032, kOver},
     {{}, 134480896, 0}},
    {1024,
     128,
     4096,
     {{32, 32}, 20054016, 3072},
     {{8, 8}, 51251200, 4192, kOver},
     {{}, 29796352, 0},
     {{8, 8}, 33817600, 4176, kOver},
     {{}, 19661824, 0}},
    {1024,
     64,
     1024,
     {{16, 16}, 21037056, 1024},
     {{4, 4}, 51578880, 1056, kOver},
     {{}, 34519040, 0},
     {{4, 4}, 33686528, 1048, kOver},
     {{}, 22545408, 0}},
    {777,
     100,
     3000,
     {{27, 27}, 11063703, 2187},
     {{8, 8}, 23383038, 3296, kOver},
     {{}, 14407134, 0},
     {{8, 8}, 15385377, 3280, kOver},
     {{}, 9480177, 0}},
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
