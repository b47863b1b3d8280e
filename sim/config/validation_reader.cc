#include "sim/config/validation_reader.h"

#include <limits>
#include <string>

namespace attnsim::config {
namespace {

/// A number, or null where there was none.
double number_or_nan(const Cursor& map, const char* key) {
  const Node* node = map.node().find(key);
  if (node != nullptr && node->kind == NodeKind::null) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  return map.child(key).real().value_or(0);
}

std::uint64_t count(const Cursor& map, const char* key) {
  return static_cast<std::uint64_t>(map.child(key).integer({.min = 0}).value_or(0));
}

/// Any text, the empty one included.
std::string any_text(const Cursor& map, const char* key) {
  const Node* node = map.node().find(key);
  if (node != nullptr && node->is_scalar()) return node->text;
  map.child(key).expected("a text");
  return {};
}

ErrorSummary read_errors(const Cursor& map) {
  return {.n = count(map, "n"),
          .median = number_or_nan(map, "median"),
          .mape = number_or_nan(map, "mape"),
          .p90 = number_or_nan(map, "p90"),
          .bias = number_or_nan(map, "bias")};
}

Pass read_pass(const Cursor& map) {
  const std::string text = any_text(map, "pass");
  for (const Pass pass : {Pass::backward, Pass::forward_backward}) {
    if (text == name(pass)) return pass;
  }
  return Pass::forward;
}

SeriesRow read_series(const Cursor& map) {
  return {.key = {.source = any_text(map, "source"),
                  .algorithm = any_text(map, "algorithm"),
                  .variant = any_text(map, "variant"),
                  .hardware = any_text(map, "hardware"),
                  .pass = read_pass(map),
                  .head_dim = map.child("head_dim").integer({}).value_or(0),
                  .causal = map.child("causal").boolean().value_or(false),
                  .reference = map.child("reference").boolean().value_or(false)},
          .errors = read_errors(map),
          .worst = number_or_nan(map, "worst"),
          .worst_id = any_text(map, "worst_id")};
}

GroupRow read_group(const Cursor& map) {
  return {.group = any_text(map, "group"),
          .rows = any_text(map, "rows"),
          .errors = read_errors(map),
          .worst = number_or_nan(map, "worst"),
          .worst_id = any_text(map, "worst_id")};
}

UnsupportedRows read_unsupported(const Cursor& map) {
  return {.reason = any_text(map, "reason"),
          .n = count(map, "n"),
          .reference = count(map, "reference")};
}

ValidationPoint read_point(const Cursor& map) {
  ValidationPoint point{.id = any_text(map, "id")};
  point.predicted_s = number_or_nan(map, "predicted_s");
  point.measured_s = number_or_nan(map, "measured_s");
  return point;
}

ComparedValue read_compared(const Cursor& map) {
  return {.id = any_text(map, "id"),
          .metric = any_text(map, "metric"),
          .reference = map.child("reference").boolean().value_or(false),
          .predicted = number_or_nan(map, "predicted"),
          .measured = number_or_nan(map, "measured")};
}

template <typename Row>
std::vector<Row> rows(const Cursor& root, const char* key, Row (*read)(const Cursor&)) {
  std::vector<Row> out;
  if (root.node().find(key) == nullptr) {
    root.fault("missing key '" + std::string(key) + "' (a list)");
    return out;
  }
  const Cursor list = root.child(key);
  if (!list.require_sequence()) return out;
  for (std::size_t i = 0; i < list.node().items.size(); ++i) {
    if (list.item(i).require_map()) out.push_back(read(list.item(i)));
  }
  return out;
}

}  // namespace

ValidationReport read_validation(const Cursor& root) {
  ValidationReport report;
  report.rows = count(root, "rows");
  report.reference = count(root, "reference_rows");
  if (root.child("overall").require_map()) report.overall = read_errors(root.child("overall"));
  report.groups = rows(root, "groups", read_group);
  report.series = rows(root, "series", read_series);
  report.unsupported = rows(root, "unsupported", read_unsupported);
  report.points = rows(root, "points", read_point);
  report.bytes = rows(root, "bytes", read_compared);
  report.counters = rows(root, "counters", read_compared);
  report.speedups = rows(root, "speedups", read_compared);
  return report;
}

}  // namespace attnsim::config
