#include "sim/study/expectation.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <type_traits>

#include "sim/core/spelling.h"
#include "sim/study/metric.h"
#include "sim/study/number_text.h"
#include "sim/study/verdict.h"

namespace attnsim::study {
namespace {

constexpr std::string_view kClosedForm = "closed_form";
constexpr std::string_view kBounds = "bounds.";

/// What a metric is held against: one limit, or the two ends of a range.
struct Demand {
  std::vector<Limit> limits{};
  std::string text{};  // "<= 1,000"
};

std::string quoted_list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "'" : ", '") + name + "'";
  return out;
}

/// The words or the bytes of a row that has both.
template <typename Row>
MetricValue amount(const Row& row, const IoPath& path) {
  if constexpr (std::is_same_v<Row, BoundRow>) {
    return MetricValue::of_value(path.field == "words" ? row.words : row.bytes);
  } else {
    return MetricValue::of_count(path.field == "words" ? row.words.count : row.bytes.count);
  }
}

/// The row of `rows` that `matches` and lies at the memory of the path. `what` names it in
/// messages.
template <typename Row, typename Matches>
const Row& row_at(const std::vector<Row>& rows, const IoPath& path, const std::string& what,
                  Matches matches) {
  std::vector<std::string> memories;
  for (const Row& row : rows) {
    if (!matches(row)) continue;
    if (row.memory == path.memory) return row;
    if (memories.empty() || memories.back() != row.memory) memories.push_back(row.memory);
  }
  throw UserError("max_ratio: " + what + " binds at " + quoted_list(memories) + ", not at '" +
                  path.memory + "'");
}

MetricValue closed_form_reference(const Result& result, const IoPath& path) {
  if (result.closed_form.empty()) {
    throw UserError("max_ratio: '" + result.run.algorithm.name + "' has no closed form");
  }
  std::vector<std::string> tensors;
  for (const ClosedFormRow& row : result.closed_form) tensors.push_back(row.tensor);
  if (std::find(tensors.begin(), tensors.end(), path.tensor) == tensors.end()) {
    throw UserError("max_ratio: the closed form has no tensor '" + path.tensor + "'" +
                    suggestion(path.tensor, tensors));
  }
  return amount(row_at(result.closed_form, path, "the closed form",
                       [&](const ClosedFormRow& row) { return row.tensor == path.tensor; }),
                path);
}

/// A bound that cannot decide anything is no limit.
void require_gate(const BoundRow& row) {
  if (!row.rigorous) {
    throw UserError("bound '" + row.id + "' is a shape without constants: no check can rest on it");
  }
  if (!row.applies) throw UserError("bound '" + row.id + "' does not apply to this run");
}

MetricValue bound_reference(const Result& result, const IoPath& path, const std::string& id) {
  bound_row(result, id);
  const BoundRow& row = row_at(result.bounds, path, "bound '" + id + "'",
                               [&](const BoundRow& r) { return r.id == id; });
  require_gate(row);
  if (path.tensor != "total") {
    throw UserError("max_ratio: bound '" + id + "' is about the 'total' of a memory");
  }
  return amount(row, path);
}

/// The value `of` names, for the same memory, tensor and field as the metric.
MetricValue reference(const Expectation& e, const Result& result) {
  const std::optional<IoPath> path = io_path(e.metric);
  if (!path || (path->field != "words" && path->field != "bytes")) {
    throw UserError("max_ratio takes io.<memory>.<tensor>.words or io.<memory>.<tensor>.bytes");
  }
  if (e.of == kClosedForm) return closed_form_reference(result, *path);
  if (e.of.starts_with(kBounds)) {
    return bound_reference(result, *path, e.of.substr(kBounds.size()));
  }
  std::vector<std::string> names{std::string(kClosedForm)};
  for (const BoundRow& row : result.bounds) {
    if (row.memory == path->memory && row.rigorous && row.applies) {
      names.push_back(std::string(kBounds) + row.id);
    }
  }
  throw UserError("max_ratio of unknown '" + e.of + "'" + suggestion(e.of, names));
}

Demand ratio_demand(const Expectation& e, const Result& result) {
  const MetricValue base = reference(e, result);
  const std::string times = e.of + " x " + factor_text(*e.max_ratio);
  Limit limit{.relation = Relation::at_most, .value = scaled(base, *e.max_ratio)};
  limit.origin = *e.max_ratio == 1 ? e.of : times + ", " + e.of + " = " + value_text(base);
  return {.limits = {limit}, .text = "<= " + times};
}

Demand demand(const Expectation& e, const Result& result) {
  if (e.max_ratio) return ratio_demand(e, result);
  Demand out;
  const auto add = [&out](Relation relation, const char* sign, const MetricValue& value) {
    if (!out.text.empty()) out.text += " and ";
    out.text += sign + value_text(value);
    out.limits.push_back({.relation = relation, .value = value});
  };
  if (e.equals) add(Relation::equal, "= ", MetricValue::of_count(*e.equals));
  if (e.min) add(Relation::at_least, ">= ", MetricValue::of_value(*e.min));
  if (e.max) add(Relation::at_most, "<= ", MetricValue::of_value(*e.max));
  ATTNSIM_CHECK(!out.limits.empty(), e.metric + ": a valid expectation expects something");
  return out;
}

/// Of a total: "; largest part: K 600". Empty for anything else.
std::string largest_part(const Result& result, const std::string& metric) {
  std::optional<IoPath> path = io_path(metric);
  if (!path || path->tensor != "total") return {};
  const std::string memory = path->memory;
  std::string best;
  MetricValue most = MetricValue::of_count(0);
  for (const IoRow& row : result.io) {
    if (row.memory != memory || row.tensor == "total") continue;
    path->tensor = row.tensor;
    const MetricValue part = io_value(result, *path);
    if (most < part) {
      most = part;
      best = row.tensor;
    }
  }
  return best.empty() ? "" : "; largest part: " + best + " " + value_text(most);
}

CheckRow expectation_row(const std::string& check, const Expectation& e, const Result& result) {
  const MetricValue value = evaluate(result, e.metric);
  if (e.metric.starts_with(kBounds)) {
    require_gate(
        bound_row(result, e.metric.substr(kBounds.size(), e.metric.rfind('.') - kBounds.size())));
  }
  const Demand wanted = demand(e, result);
  const auto broken = std::find_if(wanted.limits.begin(), wanted.limits.end(),
                                   [&](const Limit& limit) { return !holds(value, limit); });
  const bool ok = broken == wanted.limits.end();
  const Limit& decisive = ok ? wanted.limits.back() : *broken;
  return {.check = check,
          .metric = e.metric,
          .expectation = wanted.text,
          .value = value.value,
          .limit = decisive.value.value,
          .ok = ok,
          .message =
              verdict_text(e.metric, value, decisive) + (ok ? "" : largest_part(result, e.metric))};
}

/// The failed row of a run that does not fit, about the memory that is over by the largest factor.
CheckRow over_row(const std::string& check, const Result& result) {
  const bool in_words = result.run.machine.uniform_words;
  CheckRow out{.check = check, .metric = "fits", .expectation = "footprint within capacity"};
  std::vector<std::string> others;
  for (const FootprintRow& row : result.footprint) {
    if (row.fits) continue;
    others.push_back(row.space);
    const bool words = in_words && row.capacity_words;
    const auto peak = MetricValue::of_count(words ? row.peak_words.count : row.peak_bytes.count);
    const auto capacity = MetricValue::of_count(words ? row.capacity_words->count
                                                      : row.capacity_bytes.value_or(Bytes()).count);
    if (!out.message.empty() && peak.value * out.limit <= out.value * capacity.value) continue;
    out.value = peak.value;
    out.limit = capacity.value;
    out.message = verdict_text("footprint." + row.space + (words ? ".peak_words" : ".peak_bytes"),
                               peak, {.relation = Relation::at_most, .value = capacity});
  }
  if (others.size() > 1) out.message += "; over: " + quoted_list(others);
  return out;
}

}  // namespace

CheckRow evaluate_expectation(const std::string& check, const Expectation& expectation,
                              const Result& result) {
  try {
    return expectation_row(check, expectation, result);
  } catch (const UserError& error) {
    throw UserError(std::vector<Diagnostic>{{.file = expectation.file,
                                             .line = expectation.line,
                                             .column = expectation.column,
                                             .path = expectation.metric,
                                             .message = error.diagnostics().front().message}});
  }
}

std::vector<CheckRow> evaluate_check(const CheckSpec& check, const Result& result,
                                     std::vector<Diagnostic>& faults) {
  std::vector<CheckRow> rows;
  if (!result.fits() && !check.allow_over) rows.push_back(over_row(check.name, result));
  for (const Expectation& expectation : check.expect) {
    try {
      rows.push_back(evaluate_expectation(check.name, expectation, result));
    } catch (const UserError& error) {
      faults.insert(faults.end(), error.diagnostics().begin(), error.diagnostics().end());
    }
  }
  return rows;
}

}  // namespace attnsim::study
