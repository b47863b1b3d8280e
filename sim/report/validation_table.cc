#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/format.h"
#include "sim/report/text_table.h"
#include "sim/report/validation.h"

namespace attnsim::report {
namespace {

constexpr Align kLeft = Align::left;
constexpr Align kRight = Align::right;

std::string percent_of(double share) {
  return std::isfinite(share) ? fmt::format("{:.1f} %", 100 * share) : "-";
}

std::string signed_percent(double share) {
  return std::isfinite(share) ? fmt::format("{:+.1f} %", 100 * share) : "-";
}

/// n, median, mape, p90, bias.
void add_error_cells(std::vector<std::string>& cells, const ErrorSummary& errors) {
  cells.insert(cells.end(),
               {thousands(errors.n), percent_of(errors.median), percent_of(errors.mape),
                percent_of(errors.p90), signed_percent(errors.bias)});
}

std::string overall_text(const ValidationReport& report) {
  std::string out =
      fmt::format("{} rows; of {} reference rows of time or rate {} predicted: coverage {}\n",
                  thousands(report.rows), thousands(report.reference), thousands(report.overall.n),
                  percent_of(report.coverage()));
  if (report.overall.n == 0) return out;
  return out + fmt::format("median {}, mape {}, p90 {}, bias {}\n",
                           percent_of(report.overall.median), percent_of(report.overall.mape),
                           percent_of(report.overall.p90), signed_percent(report.overall.bias));
}

std::string groups_text(const ValidationReport& report) {
  TextTable table({kLeft, kLeft, kRight, kRight, kRight, kRight, kRight, kRight, kLeft});
  table.add_row({"reference rows from 512 tokens on", "rows", "n", "median", "mape", "p90", "bias",
                 "worst", "worst id"});
  for (const GroupRow& row : report.groups) {
    if (row.errors.n == 0) continue;
    std::vector<std::string> cells = {row.group, row.rows};
    add_error_cells(cells, row.errors);
    cells.insert(cells.end(), {signed_percent(row.worst), row.worst_id});
    table.add_row(std::move(cells));
  }
  return "\n" + table.text();
}

std::string series_text(const ValidationReport& report) {
  TextTable table({kLeft, kLeft, kLeft, kRight, kLeft, kLeft, kRight, kRight, kRight, kRight,
                   kRight, kRight, kLeft});
  table.add_row({"series: algorithm (variant)", "hardware", "pass", "d", "mask", "", "n", "median",
                 "mape", "p90", "bias", "worst", "worst id"});
  std::string source;
  for (const SeriesRow& row : report.series) {
    const SeriesKey& key = row.key;
    if (key.source != source) table.add_line(key.source);
    source = key.source;
    std::vector<std::string> cells = {fmt::format("  {} ({})", key.algorithm, key.variant),
                                      key.hardware,
                                      std::string(name(key.pass)),
                                      std::to_string(key.head_dim),
                                      key.causal ? "causal" : "full",
                                      key.reference ? "" : "other"};
    add_error_cells(cells, row.errors);
    cells.insert(cells.end(), {signed_percent(row.worst), row.worst_id});
    table.add_row(std::move(cells));
  }
  return "\n" + table.text() +
         "other: not the algorithm's released kernel, or not timed as an operator; not in the "
         "figures above\n";
}

std::string compared_text(const ValidationReport& report) {
  TextTable table({kLeft, kLeft, kRight, kRight, kRight});
  table.add_row({"no times", "metric", "predicted", "measured", "error"});
  for (const auto* values : {&report.bytes, &report.counters, &report.speedups}) {
    for (const ComparedValue& value : *values) {
      table.add_row({value.id, value.metric, fmt::format("{:.4g}", value.predicted),
                     fmt::format("{:.4g}", value.measured), signed_percent(value.error())});
    }
  }
  return "\n" + table.text();
}

std::string unsupported_text(const ValidationReport& report) {
  TextTable table({kRight, kRight, kLeft});
  table.add_row({"unsupported", "reference", "reason"});
  for (const UnsupportedRows& rows : report.unsupported) {
    std::string reason = rows.reason;
    std::ranges::replace(reason, '\n', ' ');
    table.add_row({thousands(rows.n), thousands(rows.reference), std::move(reason)});
  }
  return "\n" + table.text();
}

}  // namespace

std::string to_table(const ValidationReport& report) {
  std::string out = overall_text(report);
  if (report.overall.n > 0) out += groups_text(report);
  if (!report.series.empty()) out += series_text(report);
  if (!report.bytes.empty() || !report.counters.empty() || !report.speedups.empty()) {
    out += compared_text(report);
  }
  if (!report.unsupported.empty()) out += unsupported_text(report);
  return out;
}

std::string to_csv(const ValidationReport& report) {
  std::string out =
      "id,source,algorithm,variant,hardware,pass,head_dim,causal,reference,fitted,seqlen_q,"
      "seqlen_kv,predicted_s,measured_s,error\n";
  for (const ValidationPoint& point : report.points) {
    const SeriesKey& key = point.series;
    out += fmt::format("{},{},{},{},{},{},{},{:d},{:d},{:d},{},{},{},{},{}\n", csv_field(point.id),
                       csv_field(key.source), csv_field(key.algorithm), csv_field(key.variant),
                       csv_field(key.hardware), name(key.pass), key.head_dim, key.causal,
                       key.reference, point.fitted, point.seqlen_q, point.seqlen_kv,
                       point.predicted_s, point.measured_s, point.error());
  }
  return out;
}

}  // namespace attnsim::report
