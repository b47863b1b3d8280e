// The walker against counts worked out by hand: totals of loop nests at published sizes, and cases
// small enough to count with a pencil.
#include "tests/support/element_walker.h"

#include <cstdint>
#include <stdexcept>

#include <gtest/gtest.h>

namespace attnsim::walker {
namespace {

/// One head, seqlen_q = seqlen_kv = n, head_dim = head_dim_v = d, unmasked.
WalkCase flash(Algorithm algorithm, std::int64_t n, std::int64_t d, std::int64_t block_rows,
               std::int64_t block_cols) {
  return {.algorithm = algorithm,
          .seqlen_q = n,
          .seqlen_kv = n,
          .head_dim = d,
          .head_dim_v = d,
          .block_rows = block_rows,
          .block_cols = block_cols};
}

WalkCase causal(WalkCase walk_case) {
  walk_case.causal = true;
  return walk_case;
}

constexpr Algorithm kFlash1 = Algorithm::flash_attention_1;
constexpr Algorithm kTrimmed = Algorithm::flash_attention_1_trimmed;
constexpr Algorithm kFlash2 = Algorithm::flash_attention_2;
constexpr Algorithm kPacked = Algorithm::flash_attention_2_packed;

TEST(ElementWalker, FlashAttention1Totals) {
  EXPECT_EQ(total_words(walk(flash(kFlash1, 1024, 64, 64, 100))), 2'406'400u);
  EXPECT_EQ(total_words(walk(flash(kFlash1, 1024, 64, 12, 171))), 1'402'880u);
  EXPECT_EQ(total_words(walk(flash(kFlash1, 1000, 64, 14, 167))), 1'370'000u);
  EXPECT_EQ(total_words(walk(flash(kFlash1, 777, 100, 1, 13))), 14'407'134u);
  EXPECT_EQ(total_words(walk(causal(flash(kFlash1, 1024, 64, 64, 100)))), 1'390'336u);
}

TEST(ElementWalker, FlashAttention2Totals) {
  EXPECT_EQ(total_words(walk(flash(kFlash2, 1024, 64, 100, 64))), 1'573'888u);
  EXPECT_EQ(total_words(walk(flash(kFlash2, 1024, 64, 171, 11))), 918'528u);
  EXPECT_EQ(total_words(walk(flash(kFlash2, 1000, 64, 167, 13))), 897'000u);
  EXPECT_EQ(total_words(walk(flash(kFlash2, 777, 100, 13, 1))), 9'480'177u);
  EXPECT_EQ(total_words(walk(causal(flash(kFlash2, 1024, 64, 100, 64)))), 1'008'640u);
}

TEST(ElementWalker, StandardTotals) {
  WalkCase w{.algorithm = Algorithm::standard,
             .seqlen_q = 1024,
             .seqlen_kv = 1024,
             .head_dim = 64,
             .head_dim_v = 64,
             .tile = 80,
             .depth = 80};
  EXPECT_EQ(total_words(walk(w)), 6'815'744u);
  w.depth = 1;  // smaller chunks of the same operands
  EXPECT_EQ(total_words(walk(w)), 6'815'744u);
  w.row_fits = false;  // S once more
  EXPECT_EQ(total_words(walk(w)), 6'815'744u + 1024u * 1024u);
  w.causal = true;  // the mask kernel, and nothing skipped
  EXPECT_EQ(total_words(walk(w)), 6'815'744u + 3u * 1024u * 1024u);
}

// 3 queries, 5 keys, head_dim 4, head_dim_v 3, b = 2, bk = 3. S has 2 x 3 tiles, O has 2 x 2.
//   S = Q K^T: each of 3 column tiles reads Q (12), each of 2 row tiles reads K (20).
//   O = P V: each of 2 column tiles reads P (15), each of 2 row tiles reads V (15).
TEST(ElementWalker, StandardByTensor) {
  WalkCase w{.algorithm = Algorithm::standard,
             .seqlen_q = 3,
             .seqlen_kv = 5,
             .head_dim = 4,
             .head_dim_v = 3,
             .tile = 2,
             .depth = 3};
  auto traffic = walk(w);
  EXPECT_EQ(traffic.size(), 6u);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 36}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 40}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 30}));
  EXPECT_EQ(traffic["S"], (Traffic{.read = 15, .written = 15}));
  EXPECT_EQ(traffic["P"], (Traffic{.read = 30, .written = 15}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 9}));

  w.window_left = 0;
  w.row_fits = false;
  w.batch = 2;
  w.heads = 3;
  traffic = walk(w);
  EXPECT_EQ(traffic["S"], (Traffic{.read = 6 * 45, .written = 6 * 30}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 6 * 40}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 6 * 9}));
}

// 4 queries, 4 keys, head_dim 3, head_dim_v 2, causal, Br = 2, Bc = 1. Row blocks {0,1}, {2,3};
// keys 0 and 1 are seen from both, keys 2 and 3 from the second: 6 pairs of 8.
TEST(ElementWalker, CausalByTensor) {
  WalkCase w{.seqlen_q = 4,
             .seqlen_kv = 4,
             .head_dim = 3,
             .head_dim_v = 2,
             .causal = true,
             .block_rows = 2,
             .block_cols = 1};
  w.algorithm = kFlash2;
  auto traffic = walk(w);
  EXPECT_EQ(traffic.size(), 5u);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 12}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 6 * 3}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 6 * 2}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 8}));
  EXPECT_EQ(traffic["L"], (Traffic{.written = 4}));

  w.algorithm = kFlash1;
  traffic = walk(w);
  EXPECT_EQ(traffic.size(), 6u);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 6 * 6}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 12}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 8}));
  EXPECT_EQ(traffic["O"], (Traffic{.read = 6 * 4, .written = 6 * 4 + 8, .init = 8}));
  EXPECT_EQ(traffic["l"], (Traffic{.read = 6 * 2, .written = 6 * 2 + 4, .init = 4}));
  EXPECT_EQ(traffic["m"], traffic["l"]);

  w.algorithm = kTrimmed;  // each row block's first visit loads nothing of O, l, m
  traffic = walk(w);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 6 * 6}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 12}));
  EXPECT_EQ(traffic["O"], (Traffic{.read = 4 * 4, .written = 6 * 4}));
  EXPECT_EQ(traffic["l"], (Traffic{.read = 4 * 2, .written = 6 * 2}));
  EXPECT_EQ(traffic["m"], traffic["l"]);
}

// 5 queries, 2 keys, causal: shift = -3, so rows 0, 1, 2 see nothing, row 3 key 0, row 4 both.
// Br = 2: blocks {0,1} and {2,3} and {4}; Bc = 1: visited are ({2,3}, 0), ({4}, 0), ({4}, 1).
TEST(ElementWalker, RowBlocksThatSeeNothing) {
  WalkCase w{.seqlen_q = 5,
             .seqlen_kv = 2,
             .head_dim = 1,
             .head_dim_v = 1,
             .causal = true,
             .block_rows = 2,
             .block_cols = 1};
  w.algorithm = kFlash2;
  auto traffic = walk(w);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 5}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 3}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 5}));
  EXPECT_EQ(traffic["L"], (Traffic{.written = 5}));

  w.algorithm = kFlash1;
  traffic = walk(w);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 4}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 2}));
  EXPECT_EQ(traffic["O"], (Traffic{.read = 4, .written = 9, .init = 5}));

  w.algorithm = kTrimmed;
  traffic = walk(w);
  EXPECT_EQ(traffic["O"], (Traffic{.read = 1, .written = 6, .init = 2}));
  EXPECT_EQ(traffic["l"], traffic["O"]);
  EXPECT_EQ(traffic["m"], traffic["O"]);
}

// 2 queries, 6 keys, causal: shift = 4. With window_left = 1, row 0 sees keys 3, 4 and row 1 keys
// 4, 5. Bc = 3: the block {0,1,2} is seen by no row; {3,4,5} by both.
TEST(ElementWalker, WindowAlignedBottomRight) {
  WalkCase w{.seqlen_q = 2,
             .seqlen_kv = 6,
             .head_dim = 1,
             .head_dim_v = 1,
             .causal = true,
             .window_left = 1,
             .block_rows = 1,
             .block_cols = 3};
  w.algorithm = kFlash2;
  EXPECT_EQ(walk(w)["K"], (Traffic{.read = 2 * 3}));
  w.algorithm = kFlash1;  // the unseen block is loaded
  EXPECT_EQ(walk(w)["K"], (Traffic{.read = 6}));
  EXPECT_EQ(walk(w)["Q"], (Traffic{.read = 2}));

  w.algorithm = kFlash2;
  w.block_cols = 1;
  EXPECT_EQ(walk(w)["K"], (Traffic{.read = 4}));
  w.causal = false;  // row 0 sees keys 3, 4, 5
  EXPECT_EQ(walk(w)["K"], (Traffic{.read = 5}));
  w.window_left.reset();
  w.window_right = -1;  // row 0 sees keys 0 .. 3, row 1 keys 0 .. 4
  EXPECT_EQ(walk(w)["K"], (Traffic{.read = 9}));
  w.window_right = 0;  // as causal
  EXPECT_EQ(walk(w)["K"], (Traffic{.read = 11}));
  w.causal = true;
  w.window_right = 7;  // the smaller bound holds
  EXPECT_EQ(walk(w)["K"], (Traffic{.read = 11}));
}

TEST(ElementWalker, NothingVisibleAtAll) {
  WalkCase w{.seqlen_q = 3, .seqlen_kv = 2, .window_right = -4, .block_rows = 2, .block_cols = 2};
  w.algorithm = kFlash2;
  auto traffic = walk(w);
  EXPECT_EQ(traffic.size(), 5u);
  EXPECT_EQ(traffic["K"], Traffic{});
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 3}));
  EXPECT_EQ(traffic["L"], (Traffic{.written = 3}));
  w.algorithm = kTrimmed;
  traffic = walk(w);
  EXPECT_EQ(traffic["Q"], Traffic{});
  EXPECT_EQ(traffic["V"], (Traffic{.read = 2}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 3, .init = 3}));
}

// 2 batches, 4 query heads on 2 KV heads (group 2), 3 queries, 3 keys, causal, Br = 4 packed rows,
// Bc = 1. The 6 packed rows have positions 0 0 1 1 2 2: blocks {0 0 1 1} (keys 0, 1) and {2 2}
// (keys 0, 1, 2): 5 loads of a key for each of the 4 (batch, KV head) pairs.
TEST(ElementWalker, PackedQueryHeads) {
  WalkCase w{.algorithm = kPacked,
             .batch = 2,
             .heads = 4,
             .kv_heads = 2,
             .seqlen_q = 3,
             .seqlen_kv = 3,
             .head_dim = 3,
             .head_dim_v = 2,
             .causal = true,
             .block_rows = 4,
             .block_cols = 1};
  auto traffic = walk(w);
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 8 * 9}));
  EXPECT_EQ(traffic["K"], (Traffic{.read = 4 * 5 * 3}));
  EXPECT_EQ(traffic["V"], (Traffic{.read = 4 * 5 * 2}));
  EXPECT_EQ(traffic["O"], (Traffic{.written = 8 * 6}));
  EXPECT_EQ(traffic["L"], (Traffic{.written = 8 * 3}));

  // Not packed, K and V come in for each of the 8 query heads; one row block sees all three keys.
  w.algorithm = kFlash2;
  traffic = walk(w);
  EXPECT_EQ(traffic["K"], (Traffic{.read = 8 * 3 * 3}));
  EXPECT_EQ(traffic["Q"], (Traffic{.read = 8 * 9}));
}

TEST(ElementWalker, PackingAGroupOfOneChangesNothing) {
  WalkCase w{.algorithm = kPacked,
             .batch = 2,
             .heads = 3,
             .kv_heads = 3,
             .seqlen_q = 11,
             .seqlen_kv = 17,
             .head_dim = 5,
             .head_dim_v = 4,
             .causal = true,
             .window_left = 6,
             .block_rows = 4,
             .block_cols = 3};
  const auto packed = walk(w);
  w.algorithm = kFlash2;
  EXPECT_EQ(packed, walk(w));
}

// Every (batch, query head) does the same; packed, every (batch, KV head).
TEST(ElementWalker, PlanesAddUp) {
  WalkCase one{.seqlen_q = 9,
               .seqlen_kv = 6,
               .head_dim = 3,
               .head_dim_v = 2,
               .causal = true,
               .block_rows = 2,
               .block_cols = 4,
               .tile = 4,
               .depth = 2};
  for (const Algorithm algorithm : {Algorithm::standard, kFlash1, kTrimmed, kFlash2, kPacked}) {
    SCOPED_TRACE(static_cast<int>(algorithm));
    one.algorithm = algorithm;
    one.heads = algorithm == kPacked ? 2 : 1;  // one packed problem
    WalkCase many = one;
    many.batch = 3;
    many.kv_heads = 5;
    many.heads = one.heads * 5;
    auto expected = walk(one);
    for (auto& [tensor, traffic] : expected) {
      traffic.read *= 15;
      traffic.written *= 15;
      traffic.init *= 15;
    }
    EXPECT_EQ(walk(many), expected);
  }
}

TEST(ElementWalker, RefusesWhatIsNoCase) {
  EXPECT_THROW(walk({.seqlen_q = 0}), std::invalid_argument);
  EXPECT_THROW(walk({.block_rows = 0}), std::invalid_argument);
  EXPECT_THROW(walk({.heads = 3, .kv_heads = 2}), std::invalid_argument);
}

}  // namespace
}  // namespace attnsim::walker
