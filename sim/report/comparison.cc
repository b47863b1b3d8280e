#include "sim/report/comparison.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/format.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

std::string_view status_of(const PointSummary& s) {
  if (!s.no_result.empty()) return "none";
  return s.fits ? "ok" : "over";
}

/// Why a row lacks what others have.
const std::string& message_of(const PointSummary& s) {
  return s.no_result.empty() ? s.no_time : s.no_result;
}

/// REQUIRES: there is a result.
std::vector<std::string> table_cells(const ComparisonRow& row) {
  const PointSummary& s = row.summary;
  std::vector<std::string> cells = {row.hardware, row.algorithm};
  const std::string best = row.over_best ? ratio(*row.over_best) : "-";
  for (const std::string& cell :
       {human_bytes(Bytes(s.bytes)), human_bytes(Bytes(s.home_bytes)),
        s.seconds ? human_seconds(*s.seconds) : std::string("-"),
        s.tflops ? fmt::format("{:.3g}", *s.tflops) : std::string("-"), best,
        std::string(row.best() ? "best" : ""), s.limiter, s.tiles + (s.fits ? "" : " OVER")}) {
    cells.push_back(cell);
  }
  return cells;
}

/// The rows of one workload. What a machine has no result for stands below, with the reason.
std::string table_of(const std::vector<const ComparisonRow*>& rows) {
  TextTable table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::right,
                   Align::right, Align::left, Align::left, Align::left});
  table.add_row({"hardware", "algorithm", "from cores", "to DRAM", "time", "TFLOP/s", "over best",
                 "", "limited by", "tiles"});
  for (const ComparisonRow* row : rows) {
    if (row->summary.no_result.empty()) {
      table.add_row(table_cells(*row));
    } else {
      table.add_line(
          fmt::format("{}  {}  none: {}", row->hardware, row->algorithm, row->summary.no_result));
    }
  }
  return table.text();
}

Json row_json(const ComparisonRow& row) {
  const PointSummary& s = row.summary;
  Json out = Json::object();
  out["workload"] = row.workload;
  out["hardware"] = row.hardware;
  out["algorithm"] = row.algorithm;
  out["status"] = std::string(status_of(s));
  if (s.no_result.empty()) {
    out["tiles"] = s.tiles;
    out["memory"] = s.memory;
    out["bytes"] = s.bytes;
    out["home"] = s.home;
    out["home_bytes"] = s.home_bytes;
    out["seconds"] = real(s.seconds);
    out["tflops"] = real(s.tflops);
    out["limiter"] = s.limiter.empty() ? Json(nullptr) : Json(s.limiter);
    out["joules"] = real(s.joules);
    out["over_best"] = real(row.over_best);
  }
  if (!message_of(s).empty()) out["message"] = message_of(s);
  return out;
}

}  // namespace

std::string to_table(const ComparisonReport& report) {
  std::vector<std::string> workloads;
  std::string out;
  for (const ComparisonRow& first : report.rows) {
    if (std::ranges::find(workloads, first.workload) != workloads.end()) continue;
    workloads.push_back(first.workload);
    std::vector<const ComparisonRow*> rows;
    for (const ComparisonRow& row : report.rows) {
      if (row.workload == first.workload) rows.push_back(&row);
    }
    out += (out.empty() ? "" : "\n") + first.workload + "\n\n" + table_of(rows);
  }
  return out;
}

std::string to_json(const ComparisonReport& report) {
  Json out = versioned();
  out["tool"] = tool_json();
  out["rows"] = array(report.rows, row_json);
  return dump(out);
}

std::string to_csv(const ComparisonReport& report) {
  std::string out =
      "workload,hardware,algorithm,status,tiles,memory,bytes,home,home_bytes,seconds,tflops,"
      "limiter,joules,over_best,message\n";
  for (const ComparisonRow& row : report.rows) {
    const PointSummary& s = row.summary;
    out += fmt::format("{},{},{},{},", csv_field(row.workload), csv_field(row.hardware),
                       csv_field(row.algorithm), status_of(s));
    out += s.no_result.empty()
               ? fmt::format("{},{},{},{},{},{},{},{},{},{},", s.tiles, s.memory, s.bytes, s.home,
                             s.home_bytes, csv_real(s.seconds), csv_real(s.tflops), s.limiter,
                             csv_real(s.joules), csv_real(row.over_best))
               : ",,,,,,,,,,";
    out += csv_field(message_of(s)) + '\n';
  }
  return out;
}

}  // namespace attnsim::report
