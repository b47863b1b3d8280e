#include "sim/study/best_schedule.h"

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

#include "analysis/bounds/bounds.h"
#include "analysis/schedules/backward_search.h"
#include "analysis/schedules/search.h"
#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"

namespace attnsim::study {
namespace {

/// The best of the pass's family: its choice, words, footprint and nests.
std::optional<ScheduleRow> best_of_family(const Workload& workload, Words m) {
  ScheduleRow row{.m_words = m};
  const auto fill = [&row](const AlgorithmChoice& choice, const auto& best) {
    row.choice = choice;
    row.words = Words(best.words);
    row.footprint = Words(best.footprint);
    row.nests = best.evaluated;
  };
  if (workload.pass == Pass::backward) {
    const auto best = schedules::best_backward(workload, m.count);
    if (!best) return std::nullopt;
    fill(best->choice, *best);
  } else {
    const auto best = schedules::best_nest(workload, m.count);
    if (!best) return std::nullopt;
    fill(choice_of(best->nest), *best);
  }
  return row;
}

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

/// Whether it answers the same question: in a backward pass, without the probabilities of a forward
/// pass that stored them.
bool is_rival(const AlgorithmInfo& info, Pass pass) {
  return info.function == kAttention && !info.from_file && !is_nest_family(info.id) &&
         std::ranges::count(info.passes, pass) > 0 &&
         !(pass == Pass::backward && info.bound_class.saves_scores);
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

bool is_nest_family(std::string_view id) {
  return id == "tiled_attention" || id == "tiled_backward";
}

void require_searchable(const Workload& w) {
  if (w.pass == Pass::forward_backward) {
    throw UserError("workload.pass: schedules are searched for one pass, got '" +
                    std::string(name(w.pass)) + "'");
  }
  if (w.pass == Pass::backward && (w.mask || w.masked())) {
    throw UserError(
        "workload: schedules of the backward pass are searched without a mask, whose tiles its "
        "nests would visit all the same");
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
    std::optional<ScheduleRow> row = best_of_family(workload, m);
    if (!row) continue;
    for (const AlgorithmInfo& info : catalogue.algorithms) {
      if (is_rival(info, workload.pass)) try_published(workload, info, *row);
    }
    take_published(workload, *row);
    add_bound(workload, catalogue, *row);
    report.rows.push_back(std::move(*row));
  }
  return report;
}

SizeRange telling_sizes(const Workload& w) {
  const auto d = static_cast<std::uint64_t>(w.head_dim);
  const auto dv = static_cast<std::uint64_t>(w.head_dim_v);
  const auto rows = static_cast<std::uint64_t>(w.seqlen_q * w.group() + w.seqlen_kv);
  const std::uint64_t all = rows * (d + dv);
  return {4 * d, std::max(4 * d, w.pass == Pass::backward ? 2 * all : all)};
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
