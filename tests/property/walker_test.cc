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

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "tests/support/element_walker.h"

namespace attnsim {
namespace {

using walker::Traffic;
using walker::WalkCase;
using TrafficByTensor = std::map<std::string, Traffic>;

void use_default_params() { setenv("RC_PARAMS", "seed=20240607 max_success=2000", 0); }

std::int64_t any_from(std::int64_t low, std::int64_t high, const char* what) {
  return *rc::gen::inRange(low, high + 1).as(what);
}

std::optional<std::int64_t> maybe_from(std::int64_t low, std::int64_t high, const char* what) {
  const auto value = *rc::gen::maybe(rc::gen::inRange(low, high + 1)).as(what);
  return value ? std::optional(*value) : std::nullopt;
}

/// Ragged lengths, either one longer, windows beyond both, grouped heads, blocks beyond the length.
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

/// The run of the simulator that the walk describes, on a two-level machine of `capacity` words.
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
                  .window_right = w.window_right};
  run.machine = two_level_machine(static_cast<std::uint64_t>(capacity));
  run.algorithm.tiles.rule = TileRule::explicit_sizes;
  run.algorithm.tiles.sizes = {{"Br", w.block_rows}, {"Bc", w.block_cols}};
  switch (w.algorithm) {
    case walker::Algorithm::standard:
      run.algorithm.name = "standard";
      run.algorithm.tiles.sizes = {{"b", w.tile}, {"bk", w.depth}};
      break;
    case walker::Algorithm::flash_attention_1:
    case walker::Algorithm::flash_attention_1_trimmed:
      run.algorithm.name = "flash_attention_1";
      run.algorithm.params.set("trimmed",
                               w.algorithm == walker::Algorithm::flash_attention_1_trimmed);
      break;
    case walker::Algorithm::flash_attention_2:
    case walker::Algorithm::flash_attention_2_packed:
      run.algorithm.name = "flash_attention_2";
      run.algorithm.params.set("pack_gqa",
                               w.algorithm == walker::Algorithm::flash_attention_2_packed);
      break;
  }
  return run;
}

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

/// Replay, walker and formula agree.
Result expect_agreement(const replay::PlannedRun& planned, const WalkCase& w) {
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

bool visible(const WalkCase& w, std::int64_t row, std::int64_t key) {
  const std::int64_t diagonal = row + w.seqlen_kv - w.seqlen_q;
  return (!w.causal || key <= diagonal) && (!w.window_right || key <= diagonal + *w.window_right) &&
         (!w.window_left || key >= diagonal - *w.window_left);
}

/// Whether a block of Br (packed) rows and one of Bc keys, neither of them clipped, see each other.
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

class DefaultParams : public ::testing::Environment {
 public:
  void SetUp() override { use_default_params(); }
};

[[maybe_unused]] const auto* const kDefaultParams =
    ::testing::AddGlobalTestEnvironment(new DefaultParams);

}  // namespace
}  // namespace attnsim
