#include "sim/study/best_schedule.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include "analysis/bounds/bounds.h"
#include "analysis/schedules/search.h"
#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"

namespace attnsim::study {
namespace {

/// The largest that holds for the row's choice.
void add_bound(const Workload& workload, const Catalogue& catalogue, ScheduleRow& row) {
  const bounds::RunFacts run{.algorithm = catalogue.algorithm(row.choice.name)};
  for (const BoundRow& bound :
       bounds::bounds(workload, two_level_machine(row.m_words.count), run)) {
    if (!bound.rigorous || !bound.applies || bound.kind != "lower") continue;
    if (bound.words <= row.bound_words) continue;
    row.bound = bound.id;
    row.bound_words = bound.words;
  }
}

/// Sets the row's published algorithm where this one moves no more: of equal ones the last by id is
/// named, flash_attention_2 and not its block-sparse form.
void try_published(const Workload& workload, const AlgorithmInfo& info, ScheduleRow& row) {
  RunSpec run{.workload = workload, .machine = two_level_machine(row.m_words.count)};
  run.algorithm = {.name = info.id, .tiles = {.rule = TileRule::fit}};
  std::optional<replay::PlannedRun> planned;
  try {
    planned.emplace(run);
  } catch (const UserError&) {
    return;  // nothing fits
  }
  Words words;
  for (const ClosedFormTerm& term : planned->schedule().closed_form()) {
    words += Words(term.read + term.written);
  }
  if (words.count == 0 || (row.published && words > row.published_words)) return;
  const NamedSizes sizes = planned->schedule().named_tiles();
  row.published = {.name = info.id,
                   .tiles = {TileRule::explicit_sizes, {sizes.begin(), sizes.end()}}};
  row.published_words = words;
}

/// Where a published algorithm moves less than every nest of the family, it is the answer.
void take_published(const Workload& workload, ScheduleRow& row) {
  if (!row.published || row.published_words >= row.words) return;
  row.choice = *row.published;
  row.words = row.published_words;
  const Result result = replay::replay({.workload = workload,
                                        .machine = two_level_machine(row.m_words.count),
                                        .algorithm = row.choice});
  row.footprint = result.footprint_row("sram")->peak_words;
}

}  // namespace

void require_searchable(const Workload& w) {
  if (w.pass != Pass::forward) {
    throw UserError("workload.pass: schedules are searched for forward, got '" +
                    std::string(name(w.pass)) + "'");
  }
  if (w.mask) {
    throw UserError(
        "workload.mask: schedules are searched without a block mask; causal and "
        "windows are possible");
  }
}

ScheduleReport best_schedules(const Workload& workload, const std::vector<Words>& m_words,
                              Progress* progress) {
  require_searchable(workload);
  const Catalogue catalogue = algorithm_catalogue();
  ScheduleReport report;
  std::uint64_t done = 0;
  for (const Words m : m_words) {
    if (progress != nullptr) progress->step(done++, m_words.size(), std::to_string(m.count));
    const auto best = schedules::best_nest(workload, m.count);
    if (!best) continue;
    ScheduleRow row{.m_words = m,
                    .choice = choice_of(best->nest),
                    .words = Words(best->words),
                    .footprint = Words(best->footprint),
                    .nests = best->evaluated};
    for (const AlgorithmInfo& info : catalogue.algorithms) {
      const bool rival =
          info.function == kAttention && std::ranges::count(info.passes, Pass::forward) > 0;
      if (rival && !info.from_file && info.id != row.choice.name) {
        try_published(workload, info, row);
      }
    }
    take_published(workload, row);
    add_bound(workload, catalogue, row);
    report.rows.push_back(std::move(row));
  }
  return report;
}

SizeRange telling_sizes(const Workload& w) {
  const auto d = static_cast<std::uint64_t>(w.head_dim);
  const auto dv = static_cast<std::uint64_t>(w.head_dim_v);
  const auto rows = static_cast<std::uint64_t>(w.seqlen_q * w.group() + w.seqlen_kv);
  return {4 * d, std::max(4 * d, rows * (d + dv))};
}

std::vector<Words> schedule_grid(const Workload& w) {
  const SizeRange sizes = telling_sizes(w);
  std::vector<Words> grid;
  for (std::uint64_t m = std::bit_ceil(sizes.from);; m *= 2) {
    grid.emplace_back(m);
    if (m >= sizes.to) return grid;
  }
}

}  // namespace attnsim::study
