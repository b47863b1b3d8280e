#include "sim/report/curve.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/curve_points.h"
#include "sim/report/format.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

constexpr std::size_t kMostRows = 24;  // of one policy, in a table
constexpr std::string_view kSteps = "lru";

using Points = std::vector<CurvePoint>;

/// Which steps a table shows: the first, the last, and in between each that is a good part of the
/// way from the first to the last (in logarithms) below the one shown before it.
std::vector<bool> shown_steps(const Points& points) {
  std::vector<bool> shown(points.size(), points.size() <= kMostRows);
  if (points.size() <= kMostRows) return shown;
  const auto height = [&](std::size_t i) {
    return std::log(static_cast<double>(std::max<std::uint64_t>(points[i].total().count, 1)));
  };
  const double stride = (height(0) - height(points.size() - 1)) / (kMostRows - 2);
  shown.front() = shown.back() = true;
  double last = height(0);
  for (std::size_t i = 1; i + 1 < points.size(); ++i) {
    if (last - height(i) < stride) continue;
    shown[i] = true;
    last = height(i);
  }
  return shown;
}

/// Amounts of one curve: words where every element is one, else bytes.
struct Amounts {
  std::uint64_t word_bytes;  // or 0
  std::string text(Bytes bytes) const {
    return word_bytes == 0 ? human_bytes(bytes) : thousands(bytes.count / word_bytes);
  }
  std::string capacity(Bytes bytes) const;
};

/// Exact where it is no whole number of kibibytes, so that one line more or less shows.
std::string Amounts::capacity(Bytes capacity) const {
  if (word_bytes != 0) return text(capacity);
  constexpr std::uint64_t kKiB = 1024;
  if (capacity.count < kKiB || capacity.count % kKiB != 0) return thousands(capacity.count) + " B";
  std::uint64_t amount = capacity.count / kKiB;
  std::string_view unit = "KiB";
  for (const std::string_view next : {"MiB", "GiB", "TiB"}) {
    if (amount % kKiB != 0) break;
    amount /= kKiB;
    unit = next;
  }
  return fmt::format("{} {}", thousands(amount), unit);
}

void add_rows(TextTable& table, const CurveSeries& series, const Amounts& amounts) {
  const Points& points = series.points;
  const std::vector<bool> shown =
      series.policy == kSteps ? shown_steps(points) : std::vector<bool>(points.size(), true);
  std::string policy = series.policy;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!shown[i]) continue;
    const CurvePoint& point = points[i];
    table.add_row({std::exchange(policy, ""), amounts.capacity(point.capacity),
                   amounts.text(point.read), amounts.text(point.write), amounts.text(point.total()),
                   series.tiles.empty() ? "" : series.tiles[i]});
  }
  if (points.empty()) table.add_line(policy + "  fits nowhere");
  const auto left = static_cast<std::uint64_t>(std::ranges::count(shown, false));
  if (left > 0) table.add_line(fmt::format("  {} smaller steps left out", thousands(left)));
}

}  // namespace

std::string to_json(const Curve& curve) {
  Json out = versioned();
  out["tool"] = tool_json();
  out["subject"] = curve.subject;
  if (!curve.workload.empty()) out["workload"] = curve.workload;
  out["line_bytes"] = curve.line_bytes;
  out["accesses"] = curve.accesses;
  out["lines"] = curve.lines;
  return with_text(dump(out), "points", points_json(curve.series));
}

std::string to_csv(const Curve& curve) {
  std::string out = "policy,capacity_bytes,read_bytes,write_bytes\n";
  for (const CurveSeries& series : curve.series) {
    const std::string policy = csv_field(series.policy);
    for (const InfeasibleCapacity& at : series.infeasible) {
      out += fmt::format("{},{},,\n", policy, at.capacity.count);
    }
    for (const CurvePoint& point : series.points) {
      out += fmt::format("{},{},{},{}\n", policy, point.capacity.count, point.read.count,
                         point.write.count);
    }
  }
  return out;
}

std::string to_table(const Curve& curve) {
  std::string out = curve.subject + '\n';
  if (!curve.workload.empty()) out += curve.workload + '\n';
  out += fmt::format("{} accesses to {} lines of {} B\n\n", thousands(curve.accesses),
                     thousands(curve.lines), curve.line_bytes);
  TextTable table(
      {Align::left, Align::right, Align::right, Align::right, Align::right, Align::left});
  const Amounts amounts{curve.word_bytes};
  table.add_row({"policy", amounts.word_bytes == 0 ? "capacity" : "capacity in words", "read",
                 "write", "read+write"});
  for (const CurveSeries& series : curve.series) add_rows(table, series, amounts);
  return out + table.text();
}

Plot curve_plot(const Curve& curve) {
  Plot plot{.title = curve.subject,
            .subtitle = curve.workload,
            .x_label = "capacity",
            .y_label = "bytes read and written"};
  for (const CurveSeries& from : curve.series) {
    PlotSeries series{.label = from.policy};
    series.style = from.policy == kSteps  ? PlotStyle::steps
                   : from.policy == "opt" ? PlotStyle::marks
                                          : PlotStyle::marked_line;
    for (const CurvePoint& point : from.points) {
      series.points.push_back(
          {static_cast<double>(point.capacity.count), static_cast<double>(point.total().count)});
    }
    if (!series.points.empty()) plot.series.push_back(std::move(series));
  }
  return plot;
}

}  // namespace attnsim::report
