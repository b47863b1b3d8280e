// Linear attention with a decaying state: replay, closed form and element walker agree on random
// problems, tensor by tensor.
#include "tests/support/recurrence_walker.h"

#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "tests/property/walked_run.h"

namespace attnsim {
namespace {

using walker::Recurrence;
using walker::RecurrenceCase;
using walker::Traffic;

/// Ragged lengths, blocks beyond the length.
RecurrenceCase any_recurrence(Recurrence algorithm) {
  return {.algorithm = algorithm,
          .planes = any_from(1, 4, "planes"),
          .seqlen = any_from(1, 80, "seqlen"),
          .head_dim = any_from(1, 40, "head_dim"),
          .head_dim_v = any_from(1, 20, "head_dim_v"),
          .block = any_from(1, 90, "block"),
          .value_cols = any_from(1, 24, "value_cols"),
          .decays = *rc::gen::arbitrary<bool>(),
          .states_in_memory = *rc::gen::arbitrary<bool>(),
          .key_rows = any_from(16, 30, "key_rows"),
          .subchunks = any_from(1, 5, "subchunks")};
}

const char* id_of(Recurrence algorithm) {
  switch (algorithm) {
    case Recurrence::simple_gated:
      return "simple_gated_linear_attention";
    case Recurrence::retention:
      return "retention";
    case Recurrence::gated:
      return "gated_linear_attention";
    default:
      return "lightning_attention_2";
  }
}

RunSpec run_of(const RecurrenceCase& c) {
  const bool released = c.algorithm == Recurrence::lightning_backward_released;
  const bool backward = released || c.algorithm == Recurrence::lightning_backward;
  RunSpec run;
  run.workload = {.heads = c.planes,
                  .kv_heads = c.planes,
                  .seqlen_q = c.seqlen,
                  .seqlen_kv = c.seqlen,
                  .head_dim = c.head_dim,
                  .head_dim_v = c.head_dim_v,
                  .causal = true,
                  .pass = backward ? Pass::backward : Pass::forward};
  run.machine = two_level_machine(1'000'000);
  run.algorithm.name = id_of(c.algorithm);
  run.algorithm.tiles.rule = TileRule::explicit_sizes;
  run.algorithm.tiles.sizes = {
      {"B", c.block}, {"C", c.block}, {"c", c.block}, {"BV", c.value_cols}};
  ParamValues& params = run.algorithm.params;
  params.set("decay", c.decays);
  params.set("backward", std::string(released ? "released" : "paper"));
  params.set("states", std::string(c.states_in_memory ? "memory" : "chip"));
  params.set("BK", c.key_rows);
  params.set("subchunks", c.subchunks);
  return run;
}

/// The formula bounds what is held, and is it where no tile is clipped.
void check_peak(const replay::PlannedRun& planned, const Result& result, const RecurrenceCase& c) {
  std::int64_t held = 0;
  for (const TileShape& tile : planned.schedule().footprint()) held += tile.rows * tile.cols;
  const auto peak = static_cast<std::int64_t>(result.footprint_row("sram")->peak_words.count);
  RC_ASSERT(peak <= held);
  const std::int64_t chunk = c.algorithm == Recurrence::gated ? c.block * c.subchunks : c.block;
  const auto divides = [](std::int64_t part, std::int64_t whole) { return whole % part == 0; };
  if (!divides(chunk, c.seqlen) || !divides(c.value_cols, c.head_dim_v)) return;
  if (c.head_dim >= c.key_rows && !divides(c.key_rows, c.head_dim)) return;
  RC_ASSERT(peak == held);
}

void check(Recurrence algorithm) {
  const RecurrenceCase c = any_recurrence(algorithm);
  const replay::PlannedRun planned(run_of(c));
  const Result result = replay::replay(planned);
  std::map<std::string, Traffic> counted;
  for (const IoRow& row : result.io) {
    if (row.tensor != "total") counted[row.tensor] = {row.read_words.count, row.write_words.count};
  }
  const std::map<std::string, Traffic> walked = walker::walk(c);
  RC_ASSERT(counted == walked);
  std::map<std::string, Traffic> formula;
  for (const ClosedFormTerm& term : planned.schedule().closed_form()) {
    formula[std::string(term.tensor)] = {term.read, term.written};
  }
  std::erase_if(formula, [](const auto& row) { return row.second == Traffic{}; });
  RC_ASSERT(formula == walked);
  for (const ClosedFormRow& row : result.closed_form) RC_ASSERT(row.equals);
  check_peak(planned, result, c);
}

RC_GTEST_PROP(RecurrenceWalker, LightningForward, ()) { check(Recurrence::lightning_forward); }
RC_GTEST_PROP(RecurrenceWalker, LightningBackward, ()) { check(Recurrence::lightning_backward); }
RC_GTEST_PROP(RecurrenceWalker, LightningBackwardReleased, ()) {
  check(Recurrence::lightning_backward_released);
}

RC_GTEST_PROP(RecurrenceWalker, SimpleGated, ()) { check(Recurrence::simple_gated); }
RC_GTEST_PROP(RecurrenceWalker, Retention, ()) { check(Recurrence::retention); }
RC_GTEST_PROP(RecurrenceWalker, Gated, ()) { check(Recurrence::gated); }

}  // namespace
}  // namespace attnsim
