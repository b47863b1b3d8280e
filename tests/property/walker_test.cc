// The simulator against the element walker: on random problems the replayed trace moves exactly the
// elements that the loop nest names, tensor by tensor, and the algorithm's formula says the same.
//
// RC_PARAMS of the environment replaces the seed and the number of cases (RC_PARAMS="seed=7").
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/property/walked_run.h"

namespace attnsim {
namespace {

using walker::WalkCase;

void use_default_params() { setenv("RC_PARAMS", "seed=20240607 max_success=2000", 0); }

/// The words of the loop nest's tiles: K, V, Q, O, S and the row statistics.
std::int64_t flash_footprint(const WalkCase& w) {
  const std::int64_t Br = w.block_rows;
  const std::int64_t Bc = w.block_cols;
  const bool first = w.algorithm == walker::Algorithm::flash_attention_1 ||
                     w.algorithm == walker::Algorithm::flash_attention_1_trimmed;
  return (Br + Bc) * (w.head_dim + w.head_dim_v) + Br * Bc + (first ? 4 : 2) * Br;
}

void check_flash_attention(walker::Algorithm algorithm) {
  WalkCase w = any_problem(algorithm);
  const std::int64_t group =
      algorithm == walker::Algorithm::flash_attention_2_packed ? w.heads / w.kv_heads : 1;
  w.block_rows = any_from(1, 56, "Br");
  w.block_cols = any_from(1, 56, "Bc");
  const DType dtype = *rc::gen::element(DType::f16, DType::f32, DType::f64, DType::fp8_e4m3);

  const replay::PlannedRun planned(run_of(w, 100, dtype));
  const Result result = expect_agreement(planned, w);

  const std::int64_t needed = flash_footprint(w);
  const auto occupied = planned.target().occupation_bits(planned.schedule().footprint());
  RC_ASSERT(static_cast<std::int64_t>(occupied[0]) == needed * bits(dtype));
  const FootprintRow* sram = result.footprint_row("sram");
  RC_ASSERT(sram != nullptr);
  const auto peak = static_cast<std::int64_t>(sram->peak_words.count);
  if (some_whole_tile_is_visited(w, group)) {
    RC_ASSERT(peak == needed);
  } else {
    RC_ASSERT(peak < needed);  // clipped in every visit
  }
  RC_ASSERT(sram->fits == (peak <= 100));
}

RC_GTEST_PROP(WalkerProperty, FlashAttention1, ()) {
  check_flash_attention(walker::Algorithm::flash_attention_1);
}

RC_GTEST_PROP(WalkerProperty, FlashAttention1Trimmed, ()) {
  check_flash_attention(walker::Algorithm::flash_attention_1_trimmed);
}

RC_GTEST_PROP(WalkerProperty, FlashAttention2, ()) {
  check_flash_attention(walker::Algorithm::flash_attention_2);
}

RC_GTEST_PROP(WalkerProperty, FlashAttention2Packed, ()) {
  check_flash_attention(walker::Algorithm::flash_attention_2_packed);
}

// FlashAttention-3 moves what FlashAttention-2 moves. It holds rings of K and V, P beside S and a
// third statistic. Warpgroups of 64 rows: some blocks here have two.
RC_GTEST_PROP(WalkerProperty, FlashAttention3, ()) {
  const bool packed = *rc::gen::arbitrary<bool>().as("packed");
  WalkCase w = any_problem(packed ? walker::Algorithm::flash_attention_2_packed
                                  : walker::Algorithm::flash_attention_2);
  w.block_rows = any_from(1, 150, "Br");
  w.block_cols = any_from(1, 56, "Bc");
  const std::int64_t stages = any_from(1, 4, "stages");
  RunSpec run = run_of(w, 100, *rc::gen::element(DType::f16, DType::f32, DType::fp8_e4m3));
  run.algorithm.name = "flash_attention_3";
  run.algorithm.params.set("stages", stages);
  run.algorithm.params.set("intra_overlap", *rc::gen::arbitrary<bool>().as("intra_overlap"));
  const replay::PlannedRun planned(run);
  const Result result = expect_agreement(planned, w);

  const auto needed = static_cast<std::uint64_t>((w.block_rows + stages * w.block_cols) *
                                                     (w.head_dim + w.head_dim_v) +
                                                 w.block_rows * (2 * w.block_cols + 3));
  const auto occupied = planned.target().occupation_bits(planned.schedule().footprint());
  RC_ASSERT(occupied[0] == needed * static_cast<std::uint64_t>(bits(run.workload.dtype)));
  const std::uint64_t peak = result.footprint_row("sram")->peak_words.count;
  if (some_whole_tile_is_visited(w, packed ? w.heads / w.kv_heads : 1)) {
    RC_ASSERT(peak == needed);
  } else {
    RC_ASSERT(peak < needed);
  }
}

/// Of splits, and of the kernel that merges them: 16 rows where head_dim is no multiple of 64.
std::int64_t flash_decoding_footprint(const WalkCase& w) {
  const std::int64_t rows = std::min<std::int64_t>(16, w.seqlen_q * w.heads / w.kv_heads);
  const std::int64_t merge = w.parts > 1 ? rows * (2 * w.head_dim_v + 3) : 0;
  return std::max(flash_footprint(w), merge);
}

RC_GTEST_PROP(WalkerProperty, FlashDecoding, ()) {
  WalkCase w = any_problem(walker::Algorithm::flash_decoding);
  w.block_rows = any_from(1, w.seqlen_q * w.heads / w.kv_heads, "Br");
  w.block_cols = any_from(1, 56, "Bc");
  w.parts = any_from(1, 9, "splits");
  const replay::PlannedRun planned(run_of(w, 100, DType::f16));
  const Result result = expect_agreement(planned, w);
  const std::uint64_t peak = result.footprint_row("sram")->peak_words.count;
  if (some_whole_tile_is_visited(w, w.heads / w.kv_heads)) {
    RC_ASSERT(static_cast<std::int64_t>(peak) == flash_decoding_footprint(w));
  } else {
    RC_ASSERT(static_cast<std::int64_t>(peak) <= flash_decoding_footprint(w));
  }
}

RC_GTEST_PROP(WalkerProperty, LeanAttention, ()) {
  WalkCase w = any_problem(walker::Algorithm::lean_attention);
  w.block_rows = any_from(1, 56, "Br");
  w.block_cols = any_from(1, 20, "Bc");
  w.parts = any_from(1, 40, "CTAs");
  expect_agreement(replay::PlannedRun(run_of(w, 100, DType::f16)), w);
}

RC_GTEST_PROP(WalkerProperty, BifurcatedAttention, ()) {
  WalkCase w = any_problem(walker::Algorithm::bifurcated);
  w.batch = any_from(1, 4, "batch");
  w.prefix = any_from(0, w.seqlen_kv, "prefix");
  w.tile = any_from(1, 56, "b");
  w.depth = any_from(1, 56, "bk");
  expect_agreement(replay::PlannedRun(run_of(w, any_from(18, 80, "capacity"), DType::f16)), w);
}

/// The largest step of the four kernels: two products, mask, softmax of a row.
std::int64_t standard_footprint(const WalkCase& w, std::int64_t capacity) {
  const auto product = [&](std::int64_t m, std::int64_t n, std::int64_t k) {
    const std::int64_t rows = std::min(w.tile, m);
    const std::int64_t cols = std::min(w.tile, n);
    return rows * cols + (rows + cols) * std::min(w.depth, k);
  };
  const std::int64_t row = std::min(w.seqlen_kv, capacity - 2) + 2;
  return std::max({product(w.seqlen_q, w.seqlen_kv, w.head_dim),
                   product(w.seqlen_q, w.head_dim_v, w.seqlen_kv), row});
}

RC_GTEST_PROP(WalkerProperty, Standard, ()) {
  WalkCase w = any_problem(walker::Algorithm::standard);
  w.tile = any_from(1, 56, "b");
  w.depth = any_from(1, 56, "bk");
  const std::int64_t capacity = any_from(3, 56, "capacity");  // one element and two statistics
  w.row_fits = w.seqlen_kv + 2 <= capacity;
  RC_CLASSIFY(w.row_fits, "a row fits");

  const replay::PlannedRun planned(run_of(w, capacity, DType::f16));
  const Result result = expect_agreement(planned, w);
  const FootprintRow* sram = result.footprint_row("sram");
  RC_ASSERT(sram != nullptr);
  RC_ASSERT(static_cast<std::int64_t>(sram->peak_words.count) == standard_footprint(w, capacity));
}

RC_GTEST_PROP(WalkerProperty, StandardPytorch, ()) {
  WalkCase w = any_pytorch_problem(walker::Algorithm::standard_pytorch);
  const std::int64_t capacity = any_from(18, 80, "capacity");
  w.row_fits = w.seqlen_kv + 16 <= capacity;  // beside its statistics
  RC_CLASSIFY(w.row_fits, "a row fits");
  expect_agreement(replay::PlannedRun(run_of(w, capacity, DType::f16)), w);
}

/// Two kernels, each with its tiles and the statistics.
std::int64_t square_footprint(const WalkCase& w) {
  const auto product = [&](std::int64_t m, std::int64_t n, std::int64_t k) {
    const std::int64_t rows = std::min(w.tile, m);
    const std::int64_t cols = std::min(w.tile, n);
    return rows * cols + (rows + cols) * std::min(w.depth, k) + rows * (w.stable ? 2 : 1);
  };
  return std::max(product(w.seqlen_q, w.seqlen_kv, w.head_dim),
                  product(w.seqlen_q, w.head_dim_v, w.seqlen_kv));
}

/// REQUIRES: no mask. Every tile is clipped only where the whole problem is smaller.
void expect_exact_footprint(const replay::PlannedRun& planned, const Result& result,
                            std::int64_t needed) {
  const auto claimed = planned.target().occupation_bits(planned.schedule().footprint());
  RC_ASSERT(static_cast<std::int64_t>(claimed[0]) == needed * 16);
  RC_ASSERT(static_cast<std::int64_t>(result.footprint_row("sram")->peak_words.count) == needed);
}

void check_square_tiling(bool single_columns) {
  WalkCase w = any_problem(walker::Algorithm::square_tiling);
  w.tile = any_from(single_columns ? 2 : 1, 56, "B");  // of 1, both are the same
  w.depth = single_columns ? 1 : w.tile;
  w.stable = *rc::gen::arbitrary<bool>().as("stable");
  const replay::PlannedRun planned(run_of(w, 100, DType::f16));
  const Result result = expect_agreement(planned, w);
  if (!w.causal && !w.window_left && !w.window_right) {
    expect_exact_footprint(planned, result, square_footprint(w));
  }
}

RC_GTEST_PROP(WalkerProperty, SquareTiling, ()) { check_square_tiling(false); }

RC_GTEST_PROP(WalkerProperty, OuterProductTiling, ()) { check_square_tiling(true); }

RC_GTEST_PROP(WalkerProperty, Flat, ()) {
  WalkCase w = any_problem(walker::Algorithm::flat);
  w.block_rows = any_from(1, w.seqlen_q, "R");
  w.block_cols = any_from(1, w.seqlen_kv, "Bc");
  const replay::PlannedRun planned(run_of(w, 100, DType::f16));
  const Result result = expect_agreement(planned, w);
  if (!w.causal && !w.window_left && !w.window_right) {
    const std::int64_t scores = w.block_rows * w.seqlen_kv;
    expect_exact_footprint(
        planned, result,
        scores + std::max((w.block_rows + w.block_cols) * w.head_dim,
                          (w.block_rows + w.block_cols) * w.head_dim_v + 2 * w.block_rows));
  }
}

class DefaultParams : public ::testing::Environment {
 public:
  void SetUp() override { use_default_params(); }
};

[[maybe_unused]] const auto* const kDefaultParams =
    ::testing::AddGlobalTestEnvironment(new DefaultParams);

}  // namespace
}  // namespace attnsim
