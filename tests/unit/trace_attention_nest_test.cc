// Nests of tiled_attention: what they move and hold, worked out by hand, and their names.
#include <gtest/gtest.h>

#include "sim/core/params.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/trace/attention_nest.h"

namespace attnsim {
namespace {

using Scores = AttentionNest::Scores;

/// 10 queries, 7 keys, d = 3, dv = 2.
Workload small() {
  return {.seqlen_q = 10, .seqlen_kv = 7, .head_dim = 3, .head_dim_v = 2, .dtype = DType::f32};
}

struct Expected {
  std::uint64_t words, footprint;
};

/// By formula and by replay; the footprint of some whole tiles is reached.
void expect_costs(const Workload& w, const AttentionNest& asked, Expected expected) {
  const NestCosts costs(w);
  const AttentionNest nest = costs.effective(asked);
  EXPECT_EQ(costs.words(nest), expected.words);
  EXPECT_EQ(costs.footprint_words(nest), expected.footprint);
  const Result result = replay::replay(
      {.workload = w, .machine = two_level_machine(1000), .algorithm = choice_of(nest)});
  EXPECT_EQ(result.io_row("hbm", "total")->words().count, expected.words);
  EXPECT_EQ(result.footprint_row("sram")->peak_words.count, expected.footprint);
}

/// Q and O: 10 * 5. Three row blocks; 4 keys stay, 3 pass three times: (4 + 9) * 5.
/// On chip: 4 rows of Q and O, 4 x 2 scores, 2 statistics a row; 4 keys of 5; two rows of K.
TEST(AttentionNest, AtOnceWithKeysHeld) {
  expect_costs(small(), {.Br = 4, .Bc = 2, .held_blocks = 2}, {50 + 65, 4 * 5 + 8 + 8 + 20 + 6});
}

/// Groups of 4 and 3 keys. K, V once: 35. Q twice: 60. O stored twice, loaded once: 60. L the same:
/// 30.
TEST(AttentionNest, AtOnceInGroupsOfKeys) {
  expect_costs(small(), {.Br = 4, .Bc = 2, .held_blocks = 2, .key_groups = true},
               {35 + 60 + 60 + 30, 4 * 5 + 8 + 8 + 20});
}

/// All keys in one group are simply held: each word moves once, and L is no one's.
TEST(AttentionNest, OneGroupIsNone) {
  const Workload w = small();
  const NestCosts costs(w);
  EXPECT_FALSE(costs.effective({.Bc = 4, .held_blocks = 2, .key_groups = true}).key_groups);
  expect_costs(small(), {.Bc = 4, .held_blocks = 2, .key_groups = true},
               {50 + 35, 35 + 1 * (5 + 4 + 2)});
}

/// Score tiles 4 x 3 in 3 x 3 blocks. One column of Q stays: 10; two are loaded three times: 60. K
/// three times: 63. S stored and, for two column blocks, loaded twice: 210. L stored and
/// loaded: 20. V for two blocks of 5 rows: 28. O: 20. On chip: 12 scores, 8 statistics, 4 + 4 of Q
/// and 3 of K; or 5 + 10 + 2 (5 + 1).
TEST(AttentionNest, ScoresStored) {
  expect_costs(small(),
               {.scores = Scores::stored,
                .Br = 4,
                .Bc = 3,
                .depth = 1,
                .q_columns = 1,
                .out_rows = 5,
                .out_cols = 1,
                .out_keys = 2},
               {10 + 60 + 63 + 210 + 20 + 28 + 20, 31});
}

/// Q and O: 50. K and V for each of 3 row blocks: 105. On chip: 4 x 7 scores beside (4 + 7) 2 words
/// of Q and K.
TEST(AttentionNest, ScoresKept) {
  expect_costs(small(), {.scores = Scores::kept, .Br = 4, .depth = 2, .out_cols = 1},
               {50 + 105, 28 + 22});
}

/// Two query heads that share a KV head are 20 rows against its keys.
TEST(AttentionNest, HeadsOfAGroupArePacked) {
  Workload w = small();
  w.heads = 2;
  expect_costs(w, {.Br = 20, .Bc = 7}, {100 + 35, 20 * (5 + 7 + 2) + 7 * 3});
}

/// Causal, 4 x 4, single rows and keys: 10 pairs are visited.
TEST(AttentionNest, HiddenKeysAreNotLoaded) {
  const Workload w{.seqlen_q = 4,
                   .seqlen_kv = 4,
                   .head_dim = 1,
                   .head_dim_v = 1,
                   .dtype = DType::f32,
                   .causal = true};
  expect_costs(w, {.Br = 1, .Bc = 1, .held_blocks = 3}, {8 + 20, 2 + 1 + 2 + 1});
  // Stored: Q and K 10 each, S 10 twice, L 4 twice, V 10, O 4.
  expect_costs(w, {.scores = Scores::stored}, {10 + 10 + 20 + 8 + 10 + 4, 5});
}

TEST(AttentionNest, AChoiceNamesItsNest) {
  const Workload w = small();
  const NestCosts costs(w);
  const std::vector<ParamSpec> params = find_algorithm("tiled_attention").info.params;
  for (const AttentionNest& asked :
       {AttentionNest{.Br = 4, .Bc = 2, .held_blocks = 2, .key_groups = true},
        AttentionNest{.scores = Scores::stored,
        .Br = 3,
        .Bc = 2,
        .depth = 2,
        .q_columns = 3,
        .out_rows = 5,
        .out_cols = 2,
        .out_keys = 4},
        AttentionNest{.scores = Scores::kept, .Br = 3, .depth = 2, .out_cols = 2}}) {
    const AttentionNest nest = costs.effective(asked);
    const AlgorithmChoice choice = choice_of(nest);
    AttentionNest named = nest_of(completed(choice.params, params));
    named.Br = choice.tiles.sizes.at("Br");
    named.Bc = choice.tiles.sizes.at("Bc");
    EXPECT_EQ(costs.effective(named), nest);
  }
}

}  // namespace
}  // namespace attnsim
