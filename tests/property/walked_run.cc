#include "tests/property/walked_run.h"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/core/two_level.h"

namespace attnsim {

using walker::Traffic;
using walker::WalkCase;
using TrafficByTensor = std::map<std::string, Traffic>;

std::int64_t any_from(std::int64_t low, std::int64_t high, const char* what) {
  return *rc::gen::inRange(low, high + 1).as(what);
}

std::optional<std::int64_t> maybe_from(std::int64_t low, std::int64_t high, const char* what) {
  const auto value = *rc::gen::maybe(rc::gen::inRange(low, high + 1)).as(what);
  return value ? std::optional(*value) : std::nullopt;
}

WalkCase any_problem(walker::Algorithm algorithm) {
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

/// Any of the kernels that scripts have.
WalkCase any_pytorch_problem(walker::Algorithm algorithm) {
  WalkCase w = any_problem(algorithm);
  w.tile = any_from(1, 56, "b");
  w.depth = any_from(1, 56, "bk");
  w.scales = *rc::gen::arbitrary<bool>().as("scale kernel");
  w.masks = w.causal || w.window_left || w.window_right || *rc::gen::arbitrary<bool>().as("mask");
  w.fills = w.masks && *rc::gen::arbitrary<bool>().as("filled");
  w.copies = w.fills && *rc::gen::arbitrary<bool>().as("in a view") ? 4 : 0;
  w.drops = *rc::gen::arbitrary<bool>().as("dropout");
  w.weighs = *rc::gen::arbitrary<bool>().as("P o dP by itself");
  return w;
}

namespace {

std::string id_of(const WalkCase& w) {
  switch (w.algorithm) {
    case walker::Algorithm::standard:
    case walker::Algorithm::standard_backward:
      return "standard";
    case walker::Algorithm::flash_attention_1:
    case walker::Algorithm::flash_attention_1_trimmed:
    case walker::Algorithm::flash_attention_1_backward:
      return "flash_attention_1";
    case walker::Algorithm::flash_attention_2:
    case walker::Algorithm::flash_attention_2_packed:
    case walker::Algorithm::flash_attention_2_backward:
      return "flash_attention_2";
    case walker::Algorithm::square_tiling:
      return w.depth == w.tile ? "square_tiling" : "outer_product_tiling";
    case walker::Algorithm::flat:
      return "flat";
    case walker::Algorithm::two_kernel_backward:
      return "two_kernel_backward";
    case walker::Algorithm::small_cache_backward:
      return "small_cache_backward";
    case walker::Algorithm::standard_pytorch:
    case walker::Algorithm::standard_pytorch_backward:
      return "standard_pytorch";
    case walker::Algorithm::flash_decoding:
      return "flash_decoding";
    case walker::Algorithm::lean_attention:
      return "lean_attention";
    case walker::Algorithm::bifurcated:
      return "bifurcated_attention";
    case walker::Algorithm::parameter_gradient:
      return "attention_parameter_gradient";
  }
  return {};
}

bool visible(const WalkCase& w, std::int64_t row, std::int64_t key) {
  const std::int64_t diagonal = row + w.seqlen_kv - w.seqlen_q;
  return (!w.causal || key <= diagonal) && (!w.window_right || key <= diagonal + *w.window_right) &&
         (!w.window_left || key >= diagonal - *w.window_left);
}

}  // namespace

bool some_whole_tile_is_visited(const WalkCase& w, std::int64_t group) {
  const std::int64_t whole_rows = w.seqlen_q * group / w.block_rows * w.block_rows;
  const std::int64_t whole_keys = w.seqlen_kv / w.block_cols * w.block_cols;
  for (std::int64_t row = 0; row < whole_rows; ++row) {
    for (std::int64_t key = 0; key < whole_keys; ++key) {
      if (visible(w, row / group, key)) return true;
    }
  }
  return false;
}

RunSpec run_of(const WalkCase& w, std::int64_t capacity, DType dtype) {
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
                  .window_right = w.window_right,
                  .pass = walker::is_backward(w.algorithm) ? Pass::backward : Pass::forward,
                  .prefix = w.prefix};
  run.machine = two_level_machine(static_cast<std::uint64_t>(capacity));
  run.algorithm.name = id_of(w);
  run.algorithm.tiles.rule = TileRule::explicit_sizes;
  run.algorithm.tiles.sizes = {{"Br", w.block_rows},
                               {"Bc", w.block_cols},
                               {"R", w.block_rows},
                               {"Br_dq", w.block_rows_dq},
                               {"Bc_dq", w.block_cols_dq},
                               {"b", w.tile},
                               {"bk", w.depth},
                               {"B", w.tile}};
  ParamValues& params = run.algorithm.params;
  params.set("trimmed", w.algorithm == walker::Algorithm::flash_attention_1_trimmed);
  params.set("pack_gqa", w.algorithm == walker::Algorithm::flash_attention_2_packed ||
                             w.algorithm == walker::Algorithm::flash_decoding);
  params.set("num_splits", w.parts);
  params.set("ctas", w.parts);
  params.set("dq", std::string(w.atomic ? "atomic" : "core"));
  params.set("scale", std::string(w.scales ? "kernel" : "product"));
  params.set("mask", std::string(w.copies > 0 ? "filled_view" : w.fills ? "filled" : "added"));
  params.set("softmax_gradient", std::string(w.weighs ? "two_kernels" : "one_kernel"));
  params.set("mask_always", w.masks);
  params.set("dropout_always", w.drops);
  params.set("variant", std::string(w.stable ? "stable" : "literal"));
  return run;
}

namespace {

TrafficByTensor counted(const Result& result) {
  TrafficByTensor out;
  for (const IoRow& row : result.io) {
    RC_ASSERT(row.memory == "hbm");
    if (row.tensor == "total") continue;
    out[row.tensor] = {row.read_words.count, row.write_words.count, row.init_words.count};
  }
  return out;
}

TrafficByTensor by_formula(const ClosedForm& form) {
  TrafficByTensor out;
  for (const ClosedFormTerm& term : form) {
    out[std::string(term.tensor)] = {.read = term.read, .written = term.written};
  }
  return out;
}

TrafficByTensor without_init(TrafficByTensor traffic) {
  for (auto& [tensor, t] : traffic) t.init = 0;
  return traffic;
}

/// What is never moved has no row in a result.
TrafficByTensor moved(TrafficByTensor traffic) {
  std::erase_if(traffic, [](const auto& row) { return row.second == Traffic{}; });
  return traffic;
}

}  // namespace

Result expect_agreement(const replay::PlannedRun& planned, const WalkCase& w) {
  const TrafficByTensor walked = walker::walk(w);
  const Result result = replay::replay(planned);
  RC_ASSERT(moved(counted(result)) == moved(walked));
  RC_ASSERT(moved(by_formula(planned.schedule().closed_form())) == moved(without_init(walked)));
  for (const ClosedFormRow& row : result.closed_form) RC_ASSERT(row.equals);
  const IoRow* total = result.io_row("hbm", "total");
  RC_ASSERT(total != nullptr && total->words().count == walker::total_words(walked));
  RC_ASSERT(result.closed_form.back().words == total->words());
  return result;
}

}  // namespace attnsim
