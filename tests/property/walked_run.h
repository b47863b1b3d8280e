// What the properties that compare the simulator with the element walker share.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <map>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "tests/support/element_walker.h"

namespace attnsim {

using walker::Traffic;
using walker::WalkCase;
using TrafficByTensor = std::map<std::string, Traffic>;

inline void use_default_params() { setenv("RC_PARAMS", "seed=20240607 max_success=2000", 0); }

inline std::int64_t any_from(std::int64_t low, std::int64_t high, const char* what) {
  return *rc::gen::inRange(low, high + 1).as(what);
}

inline std::optional<std::int64_t> maybe_from(std::int64_t low, std::int64_t high,
                                              const char* what) {
  const auto value = *rc::gen::maybe(rc::gen::inRange(low, high + 1)).as(what);
  return value ? std::optional(*value) : std::nullopt;
}

/// Ragged lengths, either one longer, windows beyond both, grouped heads, blocks beyond the length.
inline WalkCase any_problem(walker::Algorithm algorithm) {
  WalkCase w{.algorithm = algorithm};
  w.batch = any_from(1, 2, "batch");
  w.kv_heads = any_from(1, 2, "kv_heads");
  w.heads = w.kv_heads * any_from(1, 4, "query heads per KV head");
  w.seqlen_q = any_from(1, 48, "seqlen_q");
  w.seqlen_kv = any_from(1, 48, "seqlen_kv");
  w.head_dim = any_from(1, 6, "head_dim");
  w.head_dim_v = any_from(1, 6, "head_dim_v");
  w.causal = *rc::gen::arbitrary<bool>().as("causal");
  w.window_left = maybe_from(0, 60, "window_left");
  w.window_right = maybe_from(0, 60, "window_right");
  return w;
}

/// The run of the simulator that the walk describes, on a two-level machine of `capacity` words.
inline RunSpec run_of(const WalkCase& w, std::int64_t capacity, DType dtype) {
  RunSpec run;
  run.workload = {.batch = w.batch,
                  .heads = w.heads,
                  .kv_heads = w.kv_heads,
                  .seqlen_q = w.seqlen_q,
                  .seqlen_kv = w.seqlen_kv,
                  .head_dim = w.head_dim,
                  .head_dim_v = w.head_dim_v,
                  .dtype = dtype,
                  .causal = w.causal,
                  .window_left = w.window_left,
                  .window_right = w.window_right};
  run.machine = two_level_machine(static_cast<std::uint64_t>(capacity));
  run.algorithm.tiles.rule = TileRule::explicit_sizes;
  run.algorithm.tiles.sizes = {
      {"Br", w.block_rows},       {"Bc", w.block_cols}, {"Br_dq", w.block_rows_dq},
      {"Bc_dq", w.block_cols_dq}, {"b", w.tile},        {"bk", w.depth}};
  run.algorithm.params.set("trimmed", w.algorithm == walker::Algorithm::flash_attention_1_trimmed);
  run.algorithm.params.set("pack_gqa", w.algorithm == walker::Algorithm::flash_attention_2_packed);
  run.algorithm.params.set("dq", std::string(w.atomic ? "atomic" : "core"));
  switch (w.algorithm) {
    case walker::Algorithm::standard:
    case walker::Algorithm::standard_backward:
      run.algorithm.name = "standard";
      break;
    case walker::Algorithm::flash_attention_1:
    case walker::Algorithm::flash_attention_1_trimmed:
    case walker::Algorithm::flash_attention_1_backward:
      run.algorithm.name = "flash_attention_1";
      break;
    case walker::Algorithm::flash_attention_2:
    case walker::Algorithm::flash_attention_2_packed:
    case walker::Algorithm::flash_attention_2_backward:
      run.algorithm.name = "flash_attention_2";
      break;
    case walker::Algorithm::two_kernel_backward:
      run.algorithm.name = "two_kernel_backward";
      break;
    case walker::Algorithm::small_cache_backward:
      run.algorithm.name = "small_cache_backward";
      break;
  }
  return run;
}

inline TrafficByTensor counted(const Result& result) {
  TrafficByTensor out;
  for (const IoRow& row : result.io) {
    RC_ASSERT(row.memory == "hbm");
    if (row.tensor == "total") continue;
    out[row.tensor] = {row.read_words.count, row.write_words.count, row.init_words.count};
  }
  return out;
}

inline TrafficByTensor by_formula(const ClosedForm& form) {
  TrafficByTensor out;
  for (const ClosedFormTerm& term : form) {
    out[std::string(term.tensor)] = {.read = term.read, .written = term.written};
  }
  return out;
}

inline TrafficByTensor without_init(TrafficByTensor traffic) {
  for (auto& [tensor, t] : traffic) t.init = 0;
  return traffic;
}

/// Replay, walker and formula agree.
inline Result expect_agreement(const replay::PlannedRun& planned, const WalkCase& w) {
  const TrafficByTensor walked = walker::walk(w);
  const Result result = replay::replay(planned);
  RC_ASSERT(counted(result) == walked);
  RC_ASSERT(by_formula(planned.schedule().closed_form()) == without_init(walked));
  for (const ClosedFormRow& row : result.closed_form) RC_ASSERT(row.equals);
  const IoRow* total = result.io_row("hbm", "total");
  RC_ASSERT(total != nullptr && total->words().count == walker::total_words(walked));
  RC_ASSERT(result.closed_form.back().words == total->words());
  return result;
}

inline bool visible(const WalkCase& w, std::int64_t row, std::int64_t key) {
  const std::int64_t diagonal = row + w.seqlen_kv - w.seqlen_q;
  return (!w.causal || key <= diagonal) && (!w.window_right || key <= diagonal + *w.window_right) &&
         (!w.window_left || key >= diagonal - *w.window_left);
}

/// Whether a block of Br (packed) rows and one of Bc keys, neither of them clipped, see each other.
inline bool some_whole_tile_is_visited(const WalkCase& w, std::int64_t group) {
  const std::int64_t whole_rows = w.seqlen_q * group / w.block_rows * w.block_rows;
  const std::int64_t whole_keys = w.seqlen_kv / w.block_cols * w.block_cols;
  for (std::int64_t row = 0; row < whole_rows; ++row) {
    for (std::int64_t key = 0; key < whole_keys; ++key) {
      if (visible(w, row / group, key)) return true;
    }
  }
  return false;
}

}  // namespace attnsim
