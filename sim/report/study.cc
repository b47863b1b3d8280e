#include "sim/report/study.h"

#include <string_view>

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/format.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

std::vector<std::string> paths_of(const std::vector<StudyAxis>& axes) {
  std::vector<std::string> paths;
  for (const StudyAxis& axis : axes) {
    paths.insert(paths.end(), axis.paths.begin(), axis.paths.end());
  }
  return paths;
}

std::string line_of(const std::vector<std::string>& cells) {
  std::string out;
  for (const std::string& cell : cells) out += (&cell == cells.data() ? "" : ",") + csv_field(cell);
  return out + '\n';
}

std::string_view status_of(const PointSummary& summary) {
  return summary.no_result.empty() ? "ok" : "none";
}

/// A path without what every path of its section says.
std::string short_name(const std::string& path) {
  for (const std::string_view prefix : {"workload.", "hardware.memories.", "hardware."}) {
    if (path.starts_with(prefix)) return path.substr(prefix.size());
  }
  return path;
}

/// What the rows of a table have to show.
struct Shown {
  bool home = false;  // another memory than the first boundary's
  bool times = false;
  std::string memory = "bytes", home_name{};
};

Shown shown_of(const std::vector<StudyRow>& rows) {
  Shown out;
  for (const StudyRow& row : rows) {
    const PointSummary& s = row.summary;
    if (!s.no_result.empty()) continue;
    out.times = out.times || s.seconds;
    out.home = out.home || s.home != s.memory;
    out.memory = s.memory;
    out.home_name = s.home;
  }
  return out;
}

std::vector<std::string> table_cells(const StudyRow& row, const Shown& shown) {
  std::vector<std::string> cells = {std::to_string(row.point)};
  cells.insert(cells.end(), row.values.begin(), row.values.end());
  const PointSummary& s = row.summary;
  if (!s.no_result.empty()) {
    cells.emplace_back("NONE");
    return cells;
  }
  cells.push_back(s.tiles + (s.fits ? "" : " OVER"));
  cells.push_back(human_bytes(Bytes(s.bytes)));
  if (shown.home) cells.push_back(human_bytes(Bytes(s.home_bytes)));
  if (shown.times) {
    cells.push_back(s.seconds ? human_seconds(*s.seconds) : "-");
    cells.push_back(s.tflops ? fmt::format("{:.3g}", *s.tflops) : "-");
    cells.push_back(s.limiter);
  }
  return cells;
}

TextTable table_of(const StudyOverview& overview) {
  const Shown shown = shown_of(overview.rows);
  std::vector<std::string> head = {"point"};
  std::vector<Align> columns = {Align::right};
  const auto add = [&](const std::string& name, Align align) {
    head.push_back(name);
    columns.push_back(align);
  };
  for (const std::string& path : paths_of(overview.axes)) add(short_name(path), Align::left);
  add("tiles", Align::left);
  add(shown.memory, Align::right);
  if (shown.home) add(shown.home_name, Align::right);
  if (shown.times) {
    add("time", Align::right);
    add("TFLOP/s", Align::right);
    add("limited by", Align::left);
  }
  TextTable table(columns);
  table.add_row(head);
  for (const StudyRow& row : overview.rows) table.add_row(table_cells(row, shown));
  const std::uint64_t rest = overview.points - overview.rows.size();
  if (rest > 0) table.add_line("... and " + thousands(rest) + " more in results.csv");
  return table;
}

/// Why the first points without a result have none.
std::string reasons(const std::vector<StudyRow>& rows) {
  constexpr std::size_t kMost = 3;
  std::string out;
  std::size_t told = 0;
  for (const StudyRow& row : rows) {
    if (row.summary.no_result.empty() || told == kMost) continue;
    out += fmt::format("point {}: {}\n", row.point, row.summary.no_result);
    ++told;
  }
  return out.empty() ? out : "\n" + out;
}

}  // namespace

std::string study_csv_header(const std::vector<StudyAxis>& axes) {
  std::vector<std::string> cells = {"point"};
  for (const std::string& path : paths_of(axes)) cells.push_back(path);
  for (const char* name : {"status", "fits", "tiles", "memory", "bytes", "words", "home",
                           "home_bytes", "seconds", "tflops", "limiter", "joules", "message"}) {
    cells.emplace_back(name);
  }
  return line_of(cells);
}

std::string to_csv_line(const StudyRow& row) {
  const PointSummary& s = row.summary;
  std::vector<std::string> cells = {std::to_string(row.point)};
  cells.insert(cells.end(), row.values.begin(), row.values.end());
  cells.emplace_back(status_of(s));
  if (s.no_result.empty()) {
    for (const std::string& cell :
         {std::string(s.fits ? "true" : "false"), s.tiles, s.memory, std::to_string(s.bytes),
          std::to_string(s.words), s.home, std::to_string(s.home_bytes), csv_real(s.seconds),
          csv_real(s.tflops), s.limiter, csv_real(s.joules), s.no_time}) {
      cells.push_back(cell);
    }
  } else {
    constexpr std::size_t kEmpty = 11;
    cells.resize(cells.size() + kEmpty);
    cells.push_back(s.no_result);
  }
  return line_of(cells);
}

std::string to_json_line(const std::vector<StudyAxis>& axes, const StudyRow& row,
                         const std::string& document) {
  Json set = Json::object();
  const std::vector<std::string> paths = paths_of(axes);
  for (std::size_t i = 0; i < paths.size(); ++i) set[paths[i]] = row.values[i];
  return "{\"point\":" + std::to_string(row.point) +
         ",\"set\":" + set.dump(-1, ' ', false, kReplace) + "," + document.substr(1) + "\n";
}

std::string to_table(const StudyOverview& overview) {
  return table_of(overview).text() + reasons(overview.rows) +
         fmt::format(
             "\n{} points, {} without a result; {} computed, {} found in the store; in {}\n",
             thousands(overview.points), thousands(overview.without), thousands(overview.computed),
             thousands(overview.kept), overview.folder);
}

}  // namespace attnsim::report
