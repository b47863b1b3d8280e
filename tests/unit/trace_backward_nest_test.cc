// Nests of tiled_backward: what they move and hold, worked out by hand, and their names.
#include <gtest/gtest.h>

#include "sim/core/params.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/replay/verify.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/backward_nest.h"

namespace attnsim {
namespace {

using Kind = BackwardNest::Kind;

/// 10 queries, 7 keys, d = 3, dv = 2.
Workload small() {
  return {.seqlen_q = 10,
          .seqlen_kv = 7,
          .head_dim = 3,
          .head_dim_v = 2,
          .dtype = DType::f32,
          .pass = Pass::backward};
}

struct Expected {
  std::uint64_t words, footprint;
};

/// By formula, by replay and on numbers; the footprint of some whole tiles is reached.
void expect_costs(const BackwardNest& asked, Expected expected) {
  const Workload w = small();
  const BackwardCosts costs(w);
  const BackwardNest nest = costs.effective(asked);
  EXPECT_EQ(costs.words(nest), expected.words);
  EXPECT_EQ(costs.footprint_words(nest), expected.footprint);
  const RunSpec run{
      .workload = w, .machine = two_level_machine(1000), .algorithm = choice_of(nest)};
  const Result result = replay::replay(run);
  EXPECT_EQ(result.io_row("hbm", "total")->words().count, expected.words);
  EXPECT_EQ(result.footprint_row("sram")->peak_words.count, expected.footprint);
  const VerifyCase verified = replay::verify(run, replay::Arithmetic::exact);
  EXPECT_TRUE(verified.ok) << verified.message;
}

/// Three blocks of keys. K, V, dK, dV: 70. Q, dO and L three times: 180; O once: 20; D stored, and
/// loaded twice: 30; dQ stored three times, loaded twice: 150. On chip 3 keys of 10 words, and of
/// two rows Q, dO, D, P and dS.
TEST(BackwardNest, KeysOutside) {
  expect_costs({.kind = Kind::keys_outside, .Br = 2, .Bc = 3},
               {70 + 180 + 20 + 30 + 150, 30 + 2 * (3 + 2 + 1 + 6)});
}

/// All keys at once: everything once, and no D in memory.
TEST(BackwardNest, AllKeysAtOnceMoveEachWordOnce) {
  expect_costs({.kind = Kind::keys_outside, .Br = 1, .Bc = 7}, {70 + 60 + 20 + 30, 70 + 20});
}

/// Three blocks of rows. Q, dO, O, L, dQ: 110. K and V three times: 105; dK, dV stored three times,
/// loaded twice: 175. On chip 4 rows of 10 words, P and dS, and two rows of K.
TEST(BackwardNest, RowsOutside) {
  expect_costs({.kind = Kind::rows_outside, .Br = 4, .Bc = 2}, {110 + 105 + 175, 40 + 16 + 6});
}

/// As keys_outside, with dS stored in the place of dQ: 70 + 180 + 20 + 30 + 70; dQ in 3 x 2 blocks:
/// dS twice, K three times, dQ once.
TEST(BackwardNest, ScoreGradientsStored) {
  expect_costs(
      {.kind = Kind::ds_stored, .Br = 2, .Bc = 3, .dk_held = true, .d_q = {.rows = 4, .cols = 2}},
      {370 + 140 + 63 + 30, 30 + 2 * (3 + 2 + 1 + 6)});
}

/// dK is a product, too, in 4 x 1 blocks: dS once, Q four times. Keys take 7 words; Q leaves before
/// dS is formed.
TEST(BackwardNest, KeyGradientsByProduct) {
  expect_costs({.kind = Kind::ds_stored,
                .Br = 2,
                .Bc = 3,
                .dk_held = false,
                .d_k = {.rows = 2, .cols = 3},
                .d_q = {.rows = 4, .cols = 2}},
               {370 + 70 + 120 + 140 + 63 + 30, 21 + 2 * (2 + 1 + 6)});
}

/// D: 50. P in 3 x 2 tiles of two strips of two keys: L 10; a column of Q stays: 10, two are loaded
/// twice: 40; K three times: 63; P 70. dS in 2 x 3 tiles: D 10, dO 20, V 28, P and dS 140. dV in
/// 2 x 1 blocks: P once, dO twice: 70 + 40 + 14. dK in 1 x 3: dS three times, Q once: 210 + 30
/// + 21. dQ in 5 x 1: dS once, K five times: 70 + 105 + 30. On chip most in dK: 7 + 7 + 1.
TEST(BackwardNest, Stored) {
  expect_costs(
      {.kind = Kind::stored,
       .p = {.rows = 4, .keys = 2, .strips = 2, .columns = 1},
       .d_s = {.rows = 5, .keys = 3, .strips = 1, .columns = 2},
       .d_v = {.rows = 4, .cols = 2},
       .d_k = {.rows = 7, .cols = 1},
       .d_q = {.rows = 2, .cols = 3}},
      {50 + 10 + 10 + 40 + 63 + 70 + 10 + 20 + 28 + 140 + 124 + 261 + 205, 5 * (1 + 2 + 3) + 15});
}

TEST(BackwardNest, ParametersNameIt) {
  const Workload w = small();
  const BackwardCosts costs(w);
  const std::vector<ParamSpec> params = find_algorithm("tiled_backward").info.params;
  for (const Kind kind : {Kind::keys_outside, Kind::rows_outside, Kind::ds_stored, Kind::stored}) {
    const BackwardNest nest = costs.effective({.kind = kind,
                                               .p = {.strips = 3, .columns = 2},
                                               .d_s = {.rows = 4, .keys = 2, .columns = 1},
                                               .d_v = {.rows = 2, .cols = 1},
                                               .d_k = {.rows = 5, .cols = 3},
                                               .d_q = {.rows = 3, .cols = 2}});
    const AlgorithmChoice choice = choice_of(nest);
    BackwardNest named = backward_nest_of(completed(choice.params, params));
    named.Br = named.p.rows = choice.tiles.sizes.at("Br");
    named.Bc = choice.tiles.sizes.at("Bc");
    named.p.keys = named.Bc / named.p.strips;
    EXPECT_EQ(costs.effective(named), nest);
  }
}

}  // namespace
}  // namespace attnsim
