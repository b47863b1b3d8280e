#include "sim/replay/replay.h"

#include "sim/machine/machine_caches.h"
#include "sim/replay/bound_rows.h"
#include "sim/replay/cache_counts.h"
#include "sim/replay/count_program.h"
#include "sim/replay/counts.h"
#include "sim/replay/energy.h"
#include "sim/replay/guesses.h"

namespace attnsim::replay {
namespace {

/// The formula's rows for the boundary outside the cores, against the counted ones.
std::vector<ClosedFormRow> closed_form_rows(const PlannedRun& planned, const Result& result) {
  const machine::Hierarchy hierarchy(planned.run().machine);
  const std::string& memory = planned.run().machine.memories[hierarchy.core_boundary()].name;
  const int word_bits = planned.run().workload.word_bits();
  std::vector<ClosedFormRow> rows;
  ClosedFormRow total{.memory = memory, .tensor = "total"};
  for (const ClosedFormTerm& term : planned.schedule().closed_form()) {
    const auto bits = static_cast<std::uint64_t>(planned.target().element_bits(term.dtype));
    const Bytes read((term.read * bits + 7) / 8);
    const Bytes written((term.written * bits + 7) / 8);
    ClosedFormRow row{.memory = memory, .tensor = std::string(term.tensor)};
    row.bytes = read + written;
    row.words = to_words(read, word_bits) + to_words(written, word_bits);
    const IoRow* counted = result.io_row(memory, row.tensor);
    row.equals = counted != nullptr ? counted->read_bytes == read && counted->write_bytes == written
                                    : row.bytes.count == 0;
    total.bytes += row.bytes;
    total.words += row.words;
    rows.push_back(std::move(row));
  }
  if (rows.empty()) return rows;
  const IoRow* counted = result.io_row(memory, "total");
  total.equals = counted != nullptr && counted->bytes() == total.bytes;
  for (const ClosedFormRow& row : rows) total.equals = total.equals && row.equals;
  rows.push_back(std::move(total));
  return rows;
}

RunSpec with_all_parameters(RunSpec run, const AlgorithmInfo& info) {
  run.algorithm.params = completed(std::move(run.algorithm.params), info.params);
  return run;
}

}  // namespace

PlannedRun::PlannedRun(const RunSpec& run) : PlannedRun(run, find_algorithm(run.algorithm.name)) {}

PlannedRun::PlannedRun(const RunSpec& run, const Algorithm& algorithm)
    : run_(with_all_parameters(run, algorithm.info)),
      target_(run_.machine, run_.workload),
      algorithm_(algorithm),
      schedule_(algorithm_.plan({run_.workload, target_, algorithm_.info, run_.algorithm})) {}

AlgorithmInfo known_algorithm(const PlannedRun& planned) {
  const std::string recorded = planned.schedule().recorded_algorithm();
  const Catalogue catalogue = recorded.empty() ? Catalogue() : algorithm_catalogue();
  const AlgorithmInfo* known = catalogue.algorithm(recorded);
  return known != nullptr ? *known : planned.algorithm().info;
}

Result replay(const RunSpec& run, Progress* progress, Repetition repetition) {
  return replay(PlannedRun(run), progress, repetition);
}

Result replay(const PlannedRun& planned, Progress* progress, Repetition repetition) {
  const RunSpec& run = planned.run();
  Counter counter(planned.schedule().program(), run.machine, planned.target());
  if (repetition == Repetition::skip_copies) {
    count_program(planned.schedule().program(), counter, progress);
  } else {
    run_program(planned.schedule().program(), counter, progress);
  }

  const int word_bits = run.workload.word_bits();
  Result result;
  result.run = run;
  const ChosenTiles& tiles = planned.schedule().tiles();
  result.tile_rule = name(tiles.rule);
  result.tiles = planned.schedule().named_tiles();
  if (tiles.granularity > 1) {
    result.tile_rule += " in steps of " + std::to_string(tiles.granularity);
  }
  result.io = counter.io(word_bits);
  result.footprint = counter.footprint(word_bits);
  result.work = counter.work();
  result.density = planned.schedule().density();
  result.closed_form = closed_form_rows(planned, result);
  if (machine::has_simulated_caches(run.machine)) {
    simulate_caches(planned, counter.flows(), repetition, result, progress);
  }
  result.energy = energy_rows(result);
  result.bounds = bound_rows(result, known_algorithm(planned), counter.smallest_element_bits());
  if (!planned.algorithm().info.from_file) require_bounds_hold(result);
  result.provenance.seed = run.seed;
  name_guesses(result);
  return result;
}

}  // namespace attnsim::replay
