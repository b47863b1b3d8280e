#include "sim/study/validation_drift.h"

#include <cmath>
#include <map>
#include <string_view>
#include <utility>

#include "sim/study/number_text.h"

namespace attnsim::study {
namespace {

enum class Kind { count, error, amount };

struct Figure {
  double value = 0;
  Kind kind = Kind::count;
};

using Figures = std::map<std::string, Figure>;

void add(Figures& out, const std::string& figure, double value, Kind kind) {
  if (!std::isnan(value)) out[figure] = {value, kind};
}

void add_errors(Figures& out, const std::string& of, const ErrorSummary& errors) {
  add(out, of + ".n", static_cast<double>(errors.n), Kind::count);
  add(out, of + ".median", errors.median, Kind::error);
  add(out, of + ".mape", errors.mape, Kind::error);
  add(out, of + ".p90", errors.p90, Kind::error);
  add(out, of + ".bias", errors.bias, Kind::error);
}

std::string label(const SeriesKey& key) {
  return "series " + key.source + " | " + key.algorithm + " | " + key.variant + " | " +
         key.hardware + " | " + std::string(name(key.pass)) + " | head_dim " +
         std::to_string(key.head_dim) + (key.causal ? " | causal" : "") +
         (key.reference ? " | reference" : "");
}

void add_values(Figures& out, const std::vector<ComparedValue>& values) {
  for (const ComparedValue& value : values) {
    add(out, "row " + value.id + ".predicted", value.predicted, Kind::amount);
    add(out, "row " + value.id + ".measured", value.measured, Kind::amount);
  }
}

Figures figures_of(const ValidationReport& report) {
  Figures out;
  add(out, "rows", static_cast<double>(report.rows), Kind::count);
  add(out, "reference_rows", static_cast<double>(report.reference), Kind::count);
  add_errors(out, "overall", report.overall);
  for (const GroupRow& group : report.groups) {
    add_errors(out, "group " + group.group + " | " + group.rows, group.errors);
  }
  for (const SeriesRow& series : report.series) {
    add_errors(out, label(series.key), series.errors);
    add(out, label(series.key) + ".worst", series.worst, Kind::error);
  }
  for (const UnsupportedRows& rows : report.unsupported) {
    add(out, "unsupported " + rows.reason, static_cast<double>(rows.n), Kind::count);
  }
  for (const ValidationPoint& point : report.points) {
    add(out, "row " + point.id + ".predicted_s", point.predicted_s, Kind::amount);
    add(out, "row " + point.id + ".measured_s", point.measured_s, Kind::amount);
  }
  add_values(out, report.bytes);
  add_values(out, report.counters);
  add_values(out, report.speedups);
  return out;
}

bool agree(const Figure& before, double after) {
  switch (before.kind) {
    case Kind::count:
      return before.value == after;
    case Kind::error:
      return std::abs(after - before.value) <= kDriftTolerance;
    case Kind::amount:
      break;
  }
  return std::abs(after - before.value) <= kDriftTolerance * std::abs(before.value);
}

}  // namespace

std::string Drift::text() const {
  const auto shown = [](const std::optional<double>& value) {
    return value ? number_text(*value) : std::string("nothing");
  };
  return figure + ": " + shown(before) + " before, " + shown(after) + " now";
}

DriftReport compare_validations(const ValidationReport& before, const ValidationReport& after) {
  const Figures old = figures_of(before);
  const Figures now = figures_of(after);
  DriftReport report;
  for (const auto& [figure, was] : old) {
    const auto is = now.find(figure);
    if (is == now.end()) {
      report.drifts.push_back({figure, was.value, std::nullopt});
    } else if (!agree(was, is->second.value)) {
      report.drifts.push_back({figure, was.value, is->second.value});
    }
  }
  report.figures = old.size();
  for (const auto& [figure, is] : now) {
    if (old.contains(figure)) continue;
    ++report.figures;
    report.drifts.push_back({figure, std::nullopt, is.value});
  }
  return report;
}

}  // namespace attnsim::study
