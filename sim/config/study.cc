#include "sim/config/study.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "sim/config/overrides.h"
#include "sim/config/parse.h"
#include "sim/config/resolve.h"
#include "sim/config/run_reader.h"
#include "sim/config/sections.h"
#include "sim/config/source.h"
#include "sim/config/study_reader.h"
#include "sim/core/error.h"

namespace attnsim::config {

struct Study::Data {
  Catalogue catalogue{};
  SearchPath search{};
  Node base{};
  bool time = false;
  std::vector<StudyAxis> axes{};
  std::vector<AxisDraft> drafts{};  // the same, without their texts
  mutable Documents documents{};
};

namespace {

using Steps = std::vector<std::size_t>;  // by axis

/// Values that are tried alone: enough for lists, and those of a range are alike.
constexpr std::size_t kMostTried = 1000;

Steps steps_of(const std::vector<StudyAxis>& axes, std::uint64_t point) {
  Steps steps(axes.size());
  for (std::size_t i = axes.size(); i-- > 0;) {
    steps[i] = static_cast<std::size_t>(point % axes[i].values.size());
    point /= axes[i].values.size();
  }
  return steps;
}

/// Whose trace is a file: the results of a study are found again by the run alone.
void refuse_traces(const Study::Data& data, const Node& run, const RunSpec& spec, Faults& faults) {
  if (!data.catalogue.algorithm(spec.algorithm.name)->from_file) return;
  const Cursor algorithm = Cursor(run, "", faults).child("algorithm");
  faults.add(algorithm.child("name").node().at, algorithm.path(),
             "'" + spec.algorithm.name + "' reads its trace from a file, which may change");
}

/// The run with a value of every axis, as --set would have it. Throws UserError.
RunSpec run_at(const Study::Data& data, const Steps& steps) {
  Node sets = make_map({});
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const AxisDraft& draft = data.drafts[i];
    for (std::size_t p = 0; p < draft.at.size(); ++p) {
      const Node& value = draft.values[steps[i]][p];
      sets = merge(std::move(sets),
                   with_long_forms(*tree_at(data.axes[i].paths[p], value, draft.at[p])));
    }
  }
  Faults faults;
  Resolver resolver(data.search, faults, &data.documents);
  const Node full = merge_run(data.base, sets);
  const std::optional<RunSpec> run = read_run(Cursor(full, "", faults), data.catalogue, resolver);
  if (run) refuse_traces(data, full, *run, faults);
  faults.throw_if_any();
  ATTNSIM_CHECK(run.has_value(), "no run was read, and no fault recorded");
  return *run;
}

/// Records the faults of one combination, those left out that another one had.
void try_run(const Study::Data& data, const Steps& steps, std::set<std::string>& seen,
             Faults& faults) {
  try {
    run_at(data, steps);
  } catch (const UserError& error) {
    for (const Diagnostic& d : error.diagnostics()) {
      if (!seen.insert(d.text()).second) continue;
      faults.add({.file = d.file, .line = d.line, .column = d.column}, d.path, d.message);
    }
  }
}

void try_values(const Study::Data& data, Faults& faults) {
  Steps steps(data.axes.size(), 0);
  std::set<std::string> seen;
  try_run(data, steps, seen, faults);
  for (std::size_t axis = 0; axis < steps.size(); ++axis) {
    const std::size_t most = std::max<std::size_t>(2, kMostTried / steps.size());
    const std::size_t count = std::min(data.axes[axis].values.size(), most);
    for (steps[axis] = 1; steps[axis] < count; ++steps[axis]) try_run(data, steps, seen, faults);
    steps[axis] = 0;
  }
}

Study built(const Node& root, const Catalogue& catalogue, const SearchPath& search,
            Faults& faults) {
  auto data = std::make_shared<Study::Data>();
  data->catalogue = catalogue;
  data->search = search;
  Resolver resolver(data->search, faults, &data->documents);
  StudyDraft draft{.resolver = resolver};
  read_study(Cursor(root, "", faults), draft);
  if (!draft.base) faults.throw_if_any();
  data->base = std::move(*draft.base);
  data->time = draft.time;
  for (AxisDraft& axis : draft.axes) {
    data->axes.push_back(std::move(axis.axis));
    data->drafts.push_back(std::move(axis));
  }
  try_values(*data, faults);
  faults.throw_if_any();
  return Study(std::move(data));
}

}  // namespace

Study::Study(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

const std::vector<StudyAxis>& Study::axes() const { return data_->axes; }

bool Study::time() const { return data_->time; }

std::uint64_t Study::points() const {
  std::uint64_t points = 1;
  for (const StudyAxis& axis : data_->axes) points *= axis.values.size();
  return points;
}

std::vector<std::string> Study::values(std::uint64_t point) const {
  std::vector<std::string> out;
  const Steps steps = steps_of(data_->axes, point);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const std::vector<std::string>& texts = data_->axes[i].values[steps[i]];
    out.insert(out.end(), texts.begin(), texts.end());
  }
  return out;
}

RunSpec Study::run(std::uint64_t point) const {
  return run_at(*data_, steps_of(data_->axes, point));
}

Study load_study(const std::string& file, const Catalogue& catalogue, const SearchPath& search) {
  Faults faults;
  Resolver resolver(search, faults);
  const std::optional<Node> root = resolver.plain_file(file);
  if (!root) faults.throw_if_any();
  return built(*root, catalogue, search, faults);
}

Study load_study_text(const std::string& text, const std::string& name, const Catalogue& catalogue,
                      const SearchPath& search) {
  Faults faults;
  std::optional<Node> root = parse_yaml(text, name, "", faults);
  if (root && !root->is_map()) faults.add(root->at, "", "expected a map, got " + describe(*root));
  faults.throw_if_any();
  return built(*root, catalogue, search, faults);
}

}  // namespace attnsim::config
