#include "sim/study/regimes.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "analysis/bounds/bounds.h"
#include "analysis/schedules/search.h"
#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/study/best_schedule.h"
#include "sim/study/scratchpad_curve.h"

namespace attnsim::study {
namespace {

/// One algorithm at any size. Each size is planned once.
class Fitted {
 public:
  Fitted(const Workload& workload, AlgorithmChoice choice)
      : workload_(workload), choice_(std::move(choice)) {}

  const std::string& name() const { return choice_.name; }

  /// Its one point, or why there is none.
  const CurveSeries& at(std::uint64_t m) {
    const auto it = known_.find(m);
    if (it != known_.end()) return it->second;
    std::vector<CurveSeries> series =
        scratchpad_series({.workload = workload_,
                           .machine = two_level_machine(),
                           .algorithms = {choice_},
                           .capacities = {to_bytes(Words(m), workload_.word_bits())}});
    return known_.emplace(m, std::move(series.front())).first->second;
  }

  std::uint64_t words(std::uint64_t m) {
    const CurveSeries& series = at(m);
    if (series.points.empty()) return kCannotRun;
    return to_words(series.points.front().total(), workload_.word_bits()).count;
  }

  /// Whether its tiles are the best of all at every size up to this one, so that more memory never
  /// makes it move more. Its first loop nest says so; of further ones it is known without a mask,
  /// where `fit` looks at every first size.
  bool exact_up_to(std::uint64_t m) const {
    try {
      const RunSpec run{
          .workload = workload_, .machine = two_level_machine(m), .algorithm = choice_};
      const replay::PlannedRun planned(run);
      const ChosenTiles& tiles = planned.schedule().tiles();
      const bool one_nest = planned.schedule().named_tiles().size() == tiles.named().size();
      return tiles.granularity == 1 && (one_nest || !workload_.masked());
    } catch (const UserError&) {
      return true;  // it fits nowhere
    }
  }

 private:
  const Workload& workload_;
  AlgorithmChoice choice_;
  std::map<std::uint64_t, CurveSeries> known_{};
};

/// Counts the parts of the work for a Progress.
class Parts {
 public:
  Parts(Progress* progress, std::uint64_t total) : progress_(progress), total_(total) {}
  void next(const std::string& name) {
    if (progress_ != nullptr) progress_->step(done_, total_, name);
    ++done_;
  }

 private:
  Progress* progress_;
  std::uint64_t total_, done_ = 0;
};

void append(const CurveSeries& from, CurveSeries& to) {
  to.points.insert(to.points.end(), from.points.begin(), from.points.end());
  to.tiles.insert(to.tiles.end(), from.tiles.begin(), from.tiles.end());
  to.infeasible.insert(to.infeasible.end(), from.infeasible.begin(), from.infeasible.end());
}

/// The best nest at each size; its tiles say which kind of nest it is.
CurveSeries best_series(const Workload& workload, const std::vector<Words>& sizes, Parts& parts) {
  CurveSeries out{.policy = std::string(kBestNest)};
  for (const Words m : sizes) {
    parts.next(out.policy);
    const auto best = schedules::best_nest(workload, m.count);
    if (!best) {
      out.infeasible.push_back({to_bytes(m, workload.word_bits()), "no nest fits"});
      continue;
    }
    const AlgorithmChoice choice = choice_of(best->nest);
    append(Fitted(workload, choice).at(m.count), out);
    out.tiles.back().insert(0, choice.params.choice("scores") + ", ");
  }
  return out;
}

bool is_bound(const BoundRow& row) { return row.rigorous && row.kind == "lower"; }

/// For each policy the ids of the bounds that hold for it.
using Classes = std::map<std::string, std::vector<std::string>>;

Classes classes_of(const Workload& workload, const std::vector<CurveSeries>& series) {
  const Catalogue catalogue = algorithm_catalogue();
  Classes out;
  for (const CurveSeries& one : series) {
    const std::string id = one.policy == kBestNest ? "tiled_attention" : one.policy;
    const bounds::RunFacts run{.algorithm = catalogue.algorithm(id)};
    for (const BoundRow& row : bounds::bounds(workload, two_level_machine(), run)) {
      if (is_bound(row) && row.applies) out[one.policy].push_back(row.id);
    }
  }
  return out;
}

bool holds_for_any(const Classes& classes, const std::string& id) {
  return std::ranges::any_of(
      classes, [&id](const auto& one) { return std::ranges::count(one.second, id) > 0; });
}

void add_to(std::vector<BoundSeries>& all, const BoundRow& row) {
  auto it = std::ranges::find(all, row.id, &BoundSeries::id);
  if (it == all.end()) it = all.insert(all.end(), {.id = row.id});
  it->words.push_back(row.words);
}

/// The series that moves least, of equal ones the last.
void add_least(const Regimes& regimes, Bytes capacity, RegimePoint& point) {
  for (const CurveSeries& series : regimes.series) {
    const auto at = std::ranges::lower_bound(series.points, capacity, {}, &CurvePoint::capacity);
    if (at == series.points.end() || at->capacity != capacity) continue;
    const Words words(at->total().count / regimes.word_bytes);
    if (!point.least.empty() && words > point.words) continue;
    point.least = series.policy;
    point.words = words;
  }
}

/// At each size the bounds and what moves least.
void add_points(const Workload& workload, Regimes& regimes) {
  const Classes classes = classes_of(workload, regimes.series);
  for (const Words m : regimes.sizes) {
    RegimePoint point{.m_words = m};
    add_least(regimes, to_bytes(m, workload.word_bits()), point);
    for (const BoundRow& row : bounds::bounds(workload, two_level_machine(m.count))) {
      if (!is_bound(row) || !holds_for_any(classes, row.id)) continue;
      add_to(regimes.bounds, row);
      if (point.least.empty() || row.words <= point.bound_words) continue;
      if (std::ranges::count(classes.at(point.least), row.id) == 0) continue;
      point.bound = row.id;
      point.bound_words = row.words;
    }
    regimes.points.push_back(std::move(point));
  }
}

bool always_moves_as_much(Fitted& one, Fitted& other, const std::vector<Words>& sizes) {
  return std::ranges::all_of(sizes,
                             [&](Words m) { return one.words(m.count) == other.words(m.count); });
}

/// Those whose order can be told: exact ones, and of several that move the same the last.
std::vector<Fitted*> comparable(std::vector<Fitted>& fitted, const std::vector<Words>& sizes) {
  std::vector<Fitted*> out;
  for (auto one = fitted.begin(); one != fitted.end(); ++one) {
    const bool has_twin = std::any_of(std::next(one), fitted.end(), [&](Fitted& other) {
      return always_moves_as_much(*one, other, sizes);
    });
    if (!has_twin && one->exact_up_to(sizes.back().count)) out.push_back(&*one);
  }
  return out;
}

std::vector<FallingWords> curves_of(const std::vector<Fitted*>& algorithms) {
  std::vector<FallingWords> out;
  for (Fitted* one : algorithms) {
    out.push_back([one](std::uint64_t m) { return one->words(m); });
  }
  return out;
}

std::vector<Lead> leads_of(const std::vector<Fitted*>& algorithms, SizeRange sizes) {
  std::vector<Lead> out;
  for (const Stretch& stretch : least_stretches(curves_of(algorithms), sizes)) {
    if (stretch.least.empty()) continue;
    const bool stays = !out.empty() && std::ranges::any_of(stretch.least, [&](std::size_t i) {
      return algorithms[i]->name() == out.back().algorithm;
    });
    if (stays) continue;
    Fitted& leader = *algorithms[stretch.least.back()];
    out.push_back({leader.name(), Words(stretch.from), Words(leader.words(stretch.from))});
  }
  return out;
}

std::vector<Crossover> crossovers_of(const std::vector<Fitted*>& algorithms, SizeRange sizes,
                                     Parts& parts) {
  const std::vector<FallingWords> curves = curves_of(algorithms);
  std::vector<Crossover> out;
  for (std::size_t a = 0; a < curves.size(); ++a) {
    parts.next(algorithms[a]->name());
    for (std::size_t b = 0; b < curves.size(); ++b) {
      if (a == b) continue;
      const auto found = overtaking(curves[a], curves[b], sizes);
      if (!found) continue;
      out.push_back({.algorithm = algorithms[a]->name(),
                     .over = algorithms[b]->name(),
                     .from = Words(found->from),
                     .first = Words(found->first),
                     .words = Words(curves[a](found->from)),
                     .over_words = Words(curves[b](found->from))});
    }
  }
  std::ranges::stable_sort(out, {}, &Crossover::from);
  return out;
}

}  // namespace

std::vector<Words> size_grid(SizeRange sizes, std::uint64_t step_percent) {
  std::vector<Words> out;
  for (std::uint64_t m = sizes.from; m <= sizes.to; m += m * step_percent / 100 + 1) {
    out.emplace_back(m);
  }
  for (std::uint64_t power = 1; power != 0 && power <= sizes.to; power *= 2) {
    if (power >= sizes.from) out.emplace_back(power);
  }
  out.emplace_back(sizes.to);
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Regimes regimes(const RegimesRequest& request, Progress* progress) {
  const Workload& workload = request.workload;
  if (workload.mask) {
    throw UserError("workload.mask: sizes of memory are compared without a block mask");
  }
  if (request.best_nest && workload.pass != Pass::forward) {
    throw UserError("workload.pass: best nests are drawn for forward, got '" +
                    std::string(name(workload.pass)) + "'; see 'attnsim schedule --grid'");
  }
  if (request.best_nest) require_searchable(workload);
  Regimes out{.word_bytes = static_cast<std::uint64_t>(workload.word_bits()) / 8,
              .head_dim = workload.head_dim,
              .sizes = size_grid(request.sizes, request.step_percent)};
  const std::size_t count = request.algorithms.size();
  Parts parts(progress, (count + (request.best_nest ? 1 : 0)) * out.sizes.size() + count);
  std::vector<Fitted> fitted;
  for (const AlgorithmChoice& choice : request.algorithms) {
    Fitted& one = fitted.emplace_back(workload, choice);
    CurveSeries& series = out.series.emplace_back();
    series.policy = one.name();
    for (const Words m : out.sizes) {
      parts.next(one.name());
      append(one.at(m.count), series);
    }
  }
  const std::vector<Fitted*> compared = comparable(fitted, out.sizes);
  out.crossovers = crossovers_of(compared, request.sizes, parts);
  out.leads = leads_of(compared, request.sizes);
  if (request.best_nest) out.series.push_back(best_series(workload, out.sizes, parts));
  add_points(workload, out);
  return out;
}

}  // namespace attnsim::study
