// Backward passes against the element walker, as walker_test.cc does it for forward passes.
#include <algorithm>
#include <cstdint>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/property/walked_run.h"

namespace attnsim {
namespace {

using walker::WalkCase;

RunSpec backward_run(const WalkCase& w, std::int64_t capacity) {
  return run_of(w, capacity, *rc::gen::element(DType::f16, DType::f32, DType::fp8_e4m3));
}

std::int64_t peak(const Result& result) {
  const FootprintRow* sram = result.footprint_row("sram");
  RC_ASSERT(sram != nullptr);
  return static_cast<std::int64_t>(sram->peak_words.count);
}

WalkCase any_flash_problem(walker::Algorithm algorithm) {
  WalkCase w = any_problem(algorithm);
  w.block_rows = any_from(1, 56, "Br");
  w.block_cols = any_from(1, 56, "Bc");
  return w;
}

/// K, V, dK, dV; Q, dO, and O and dQ where they are held; P, dS; the row statistics.
std::int64_t key_nest(const WalkCase& w, bool holds_o, bool holds_dq, std::int64_t statistics) {
  const std::int64_t width = w.head_dim + w.head_dim_v;
  return 2 * w.block_cols * width +
         w.block_rows *
             (width + (holds_o ? w.head_dim_v : 0) + (holds_dq ? w.head_dim : 0) + statistics) +
         2 * w.block_rows * w.block_cols;
}

void check_flash(const WalkCase& w, std::int64_t needed) {
  const replay::PlannedRun planned(backward_run(w, 100));
  const Result result = expect_agreement(planned, w);
  const auto occupied = planned.target().occupation_bits(planned.schedule().footprint());
  RC_ASSERT(static_cast<std::int64_t>(occupied[0]) == needed * planned.run().workload.word_bits());
  if (some_whole_tile_is_visited(w, 1)) {
    RC_ASSERT(peak(result) == needed);
  } else {
    RC_ASSERT(peak(result) < needed);  // clipped in every visit
  }
}

RC_GTEST_PROP(BackwardWalkerProperty, FlashAttention1, ()) {
  const WalkCase w = any_flash_problem(walker::Algorithm::flash_attention_1_backward);
  check_flash(w, key_nest(w, true, true, 3));
}

RC_GTEST_PROP(BackwardWalkerProperty, FlashAttention2, ()) {
  WalkCase w = any_flash_problem(walker::Algorithm::flash_attention_2_backward);
  w.atomic = *rc::gen::arbitrary<bool>().as("atomic");
  check_flash(w, key_nest(w, false, true, 2));
}

RC_GTEST_PROP(BackwardWalkerProperty, TwoKernels, ()) {
  WalkCase w = any_flash_problem(walker::Algorithm::two_kernel_backward);
  w.block_rows_dq = any_from(1, 56, "Br_dq");
  w.block_cols_dq = any_from(1, 56, "Bc_dq");
  const Result result = expect_agreement(replay::PlannedRun(backward_run(w, 100)), w);
  const std::int64_t width = w.head_dim + w.head_dim_v;
  const std::int64_t row_nest = w.block_rows_dq * (width + w.head_dim + 2) +
                                w.block_cols_dq * width + 2 * w.block_rows_dq * w.block_cols_dq;
  RC_ASSERT(peak(result) <= std::max(key_nest(w, false, false, 2), row_nest));
}

/// An m x n block of a product with steps of depth k, all clipped.
std::int64_t product_footprint(const WalkCase& w, std::int64_t m, std::int64_t n, std::int64_t k) {
  const std::int64_t rows = std::min(w.tile, m);
  const std::int64_t cols = std::min(w.tile, n);
  return rows * cols + (rows + cols) * std::min(w.depth, k);
}

std::int64_t gradient_products(const WalkCase& w) {
  return std::max({product_footprint(w, w.seqlen_kv, w.head_dim_v, w.seqlen_q),
                   product_footprint(w, w.seqlen_kv, w.head_dim, w.seqlen_q),
                   product_footprint(w, w.seqlen_q, w.head_dim, w.seqlen_kv)});
}

RC_GTEST_PROP(BackwardWalkerProperty, SmallCache, ()) {
  WalkCase w = any_problem(walker::Algorithm::small_cache_backward);
  w.tile = any_from(1, 56, "b");
  w.depth = any_from(1, 56, "bk");
  const Result result = expect_agreement(replay::PlannedRun(backward_run(w, 100)), w);
  const std::int64_t rows = std::min(w.tile, w.seqlen_q);
  const std::int64_t cols = std::min(w.tile, w.seqlen_kv);
  // S and L, D by themselves, then dP beside them; D of one block of rows.
  const std::int64_t scores =
      2 * rows +
      std::max(product_footprint(w, w.seqlen_q, w.seqlen_kv, w.head_dim),
               rows * cols + product_footprint(w, w.seqlen_q, w.seqlen_kv, w.head_dim_v));
  const std::int64_t delta = rows + 2 * rows * std::min(w.depth, w.head_dim_v);
  RC_ASSERT(peak(result) == std::max({scores, delta, gradient_products(w)}));
}

RC_GTEST_PROP(BackwardWalkerProperty, ParameterGradient, ()) {
  WalkCase w = any_problem(walker::Algorithm::parameter_gradient);
  w.tile = any_from(1, 56, "b");
  w.depth = any_from(1, 56, "bk");
  const Result result = expect_agreement(replay::PlannedRun(backward_run(w, 100)), w);
  const std::int64_t rows = std::min(w.tile, w.seqlen_q);
  const std::int64_t cols = std::min(w.tile, w.seqlen_kv);
  const std::int64_t d = w.head_dim;
  const std::int64_t dv = w.head_dim_v;
  // S with m, l; dP with m, l, D, by itself and beside S.
  const std::int64_t scores = 2 * rows + product_footprint(w, w.seqlen_q, w.seqlen_kv, d);
  const std::int64_t gradients =
      3 * rows + std::max(product_footprint(w, w.seqlen_q, w.seqlen_kv, dv), 2 * rows * cols);
  RC_ASSERT(peak(result) == std::max({scores, gradients, product_footprint(w, w.seqlen_q, d, d),
                                      product_footprint(w, w.seqlen_kv, dv, dv),
                                      product_footprint(w, w.seqlen_q, d, w.seqlen_kv),
                                      product_footprint(w, d, d, w.seqlen_q)}));
}

RC_GTEST_PROP(BackwardWalkerProperty, StandardPytorch, ()) {
  WalkCase w = any_pytorch_problem(walker::Algorithm::standard_pytorch_backward);
  const std::int64_t capacity = any_from(18, 130, "capacity");
  w.row_fits = 2 * w.seqlen_kv + 16 <= capacity;
  RC_CLASSIFY(w.row_fits, "two rows fit");
  expect_agreement(replay::PlannedRun(backward_run(w, capacity)), w);
}

RC_GTEST_PROP(BackwardWalkerProperty, Standard, ()) {
  WalkCase w = any_problem(walker::Algorithm::standard_backward);
  w.tile = any_from(1, 56, "b");
  w.depth = any_from(1, 56, "bk");
  const std::int64_t capacity = any_from(3, 110, "capacity");  // two elements and their product
  w.row_fits = 2 * w.seqlen_kv + 1 <= capacity;
  RC_CLASSIFY(w.row_fits, "two rows fit");
  const Result result = expect_agreement(replay::PlannedRun(backward_run(w, capacity)), w);
  const std::int64_t row = 2 * std::min(w.seqlen_kv, (capacity - 1) / 2) + 1;
  RC_ASSERT(peak(result) ==
            std::max({row, product_footprint(w, w.seqlen_q, w.seqlen_kv, w.head_dim_v),
                      gradient_products(w)}));
}

}  // namespace
}  // namespace attnsim
