// The walker against counts worked out by hand: square tiling, FLAT, and block masks.
#include <cstdint>

#include <gtest/gtest.h>

#include "tests/support/element_walker.h"

namespace attnsim::walker {
namespace {

// 3 queries, 4 keys, head_dim 3, head_dim_v 5, B = 2. Row blocks {0,1}, {2}; key blocks {0,1},
// {2,3}.
//   S: Q is read for both key blocks (18), K for both row blocks (24). Stored once (12).
//   O: 3 column blocks of V {0,1}, {2,3}, {4} read S (12) each; V is read for both row blocks (40).
TEST(ElementWalkerSkipping, SquareTilingByTensor) {
  WalkCase w{.algorithm = Algorithm::square_tiling,
             .seqlen_q = 3,
             .seqlen_kv = 4,
             .head_dim = 3,
             .head_dim_v = 5,
             .tile = 2,
             .depth = 2};
  auto traffic = walk(w);
  EXPECT_EQ(traffic.size(), 7u);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 18}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 24}));
  EXPECT_EQ(traffic["S"], (Traffic{.read = 36, .written = 12}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 40}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 15}));
  EXPECT_EQ(traffic["l"], (Traffic{.read = 3, .written = 3}));
  EXPECT_EQ(traffic["m"], traffic["l"]);

  const auto whole = traffic;
  w.depth = 1;  // smaller chunks of the same operands
  EXPECT_EQ(walk(w), whole);
  w.stable = false;
  EXPECT_EQ(walk(w).size(), 6u);

  // Row 0 sees key 2, row 1 nothing, row 2 keys 0 and 1: one visit in each row of blocks.
  w.shows = [](std::int64_t, std::int64_t row, std::int64_t key) {
    return (row == 0 && key == 2) || (row == 2 && key < 2);
  };
  traffic = walk(w);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 9}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 12}));
  EXPECT_EQ(traffic["S"], (Traffic{.read = 18, .written = 6}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 20}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 15}));
  EXPECT_EQ(traffic["mask"], (Traffic{.read = 4 * (2 + 2)}));
}

// 3 queries, 4 keys, head_dim 2, head_dim_v 3, R = 2, Bc = 3: 2 groups of rows, key blocks {0,1,2}
// and {3}. In plane 0 rows 0 and 1 see key 3 only, row 2 all; in plane 1 nobody sees anything.
TEST(ElementWalkerSkipping, FlatByTensor) {
  WalkCase w{.algorithm = Algorithm::flat,
             .seqlen_q = 3,
             .seqlen_kv = 4,
             .head_dim = 2,
             .head_dim_v = 3,
             .block_rows = 2,
             .block_cols = 3};
  auto traffic = walk(w);
  EXPECT_EQ(traffic.size(), 4u);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 6}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 2 * 8}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 2 * 12}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 9}));

  w.heads = w.kv_heads = 2;
  w.shows = [](std::int64_t plane, std::int64_t row, std::int64_t key) {
    return plane == 0 && (row == 2 || key == 3);
  };
  traffic = walk(w);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 12}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 2 + 8}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 3 + 12}));
  EXPECT_EQ(traffic["mask"], (Traffic{.read = 2 * (2 + 2) + 2 * 3}));
}

// 64 x 64 blocks of a 1024 x 1024 matrix, those on the diagonal and beside it: 46 of 256.
//   2 N d + 46 x 64 x (3 d + 4) + N d + 2 N = 775,680; the lists: 16 lengths, 46 blocks.
TEST(ElementWalkerSkipping, BlockSparseFlashAttention) {
  WalkCase w{.algorithm = Algorithm::flash_attention_1,
             .seqlen_q = 1024,
             .seqlen_kv = 1024,
             .head_dim = 64,
             .head_dim_v = 64,
             .block_rows = 64,
             .block_cols = 64};
  w.shows = [](std::int64_t, std::int64_t row, std::int64_t key) {
    const std::int64_t apart = row / 64 - key / 64;
    return apart >= -1 && apart <= 1;
  };
  auto traffic = walk(w);
  EXPECT_EQ(traffic["mask"], (Traffic{.read = 16 + 46}));
  traffic.erase("mask");
  EXPECT_EQ(total_words(traffic), 775'680u);
}

TEST(ElementWalkerSkipping, SquareTilingTotals) {
  WalkCase w{.algorithm = Algorithm::square_tiling,
             .seqlen_q = 777,
             .seqlen_kv = 777,
             .head_dim = 100,
             .head_dim_v = 100,
             .tile = 27,
             .depth = 27};
  EXPECT_EQ(total_words(walk(w)), 9'859'353u);
  w.stable = false;
  EXPECT_EQ(total_words(walk(w)), 9'857'799u);
  w.stable = true;
  w.tile = 52;
  w.depth = 1;
  EXPECT_EQ(total_words(walk(w)), 5'388'495u);
}

TEST(ElementWalkerSkipping, FlatTotals) {
  const WalkCase w{.algorithm = Algorithm::flat,
                   .seqlen_q = 1024,
                   .seqlen_kv = 1024,
                   .head_dim = 64,
                   .head_dim_v = 64,
                   .block_rows = 23,
                   .block_cols = 8};
  EXPECT_EQ(total_words(walk(w)), 6'029'312u);
}

}  // namespace
}  // namespace attnsim::walker
