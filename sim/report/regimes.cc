#include "sim/report/regimes.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/curve_points.h"
#include "sim/report/format.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

constexpr std::size_t kMostColumns = 14;  // sizes in a table

Bytes capacity_of(const Regimes& r, Words m) { return Bytes(m.count * r.word_bytes); }

// --- JSON

Json bound_json(const std::string& id, double words) {
  Json out = Json::object();
  out["id"] = id;
  out["words"] = count(words);
  return out;
}

Json point_json(const RegimePoint& point) {
  Json out = Json::object();
  out["m_words"] = count(point.m_words);
  out["policy"] = point.least.empty() ? Json(nullptr) : Json(point.least);
  out["words"] = point.least.empty() ? Json(nullptr) : count(point.words);
  out["bound"] = point.bound.empty() ? Json(nullptr) : bound_json(point.bound, point.bound_words);
  out["ratio"] = point.over_bound() > 0 ? real(point.over_bound()) : Json(nullptr);
  return out;
}

Json lead_json(const Lead& lead) {
  Json out = Json::object();
  out["algorithm"] = lead.algorithm;
  out["from_m_words"] = count(lead.from);
  out["words"] = count(lead.words);
  return out;
}

Json crossover_json(const Crossover& at) {
  Json out = Json::object();
  out["algorithm"] = at.algorithm;
  out["over"] = at.over;
  out["from_m_words"] = count(at.from);
  out["first_m_words"] = count(at.first);
  out["words"] = count(at.words);
  out["over_words"] = count(at.over_words);
  return out;
}

Json bounds_json(const Regimes& r) {
  Json out = Json::array();
  for (const BoundSeries& bound : r.bounds) {
    Json one = Json::object();
    one["id"] = bound.id;
    one["points"] = Json::array();
    for (std::size_t i = 0; i < r.sizes.size(); ++i) {
      Json point = Json::object();
      point["m_words"] = count(r.sizes[i]);
      point["words"] = count(bound.words[i]);
      one["points"].push_back(std::move(point));
    }
    out.push_back(std::move(one));
  }
  return out;
}

// --- table

/// The powers of two, every second or third where they are many, and both ends where there is none.
std::vector<std::size_t> shown_sizes(const Regimes& r) {
  std::vector<std::size_t> powers;
  for (std::size_t i = 0; i < r.sizes.size(); ++i) {
    if (std::has_single_bit(r.sizes[i].count)) powers.push_back(i);
  }
  if (powers.empty()) {
    powers.push_back(0);
    if (r.sizes.size() > 1) powers.push_back(r.sizes.size() - 1);
  }
  const std::size_t stride = (powers.size() + kMostColumns - 1) / kMostColumns;
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < powers.size(); i += stride) out.push_back(powers[i]);
  return out;
}

std::string short_number(double value) { return fmt::format("{:.3g}", value); }

/// One line of the table of sizes: a name, and a cell for each size shown.
template <typename Cell>
void add_line(TextTable& table, const std::string& name, const std::vector<std::size_t>& shown,
              Cell cell) {
  std::vector<std::string> row = {name};
  for (const std::size_t i : shown) row.push_back(cell(i));
  table.add_row(std::move(row));
}

std::string sizes_table(const Regimes& r) {
  const std::vector<std::size_t> shown = shown_sizes(r);
  std::vector<Align> columns(shown.size() + 1, Align::right);
  columns.front() = Align::left;
  TextTable table(std::move(columns));
  add_line(table, "M", shown, [&](std::size_t i) { return thousands(r.sizes[i].count); });
  add_line(table, "M / head_dim^2", shown,
           [&](std::size_t i) { return short_number(r.in_head_dims(r.sizes[i])); });
  for (const CurveSeries& series : r.series) {
    add_line(table, series.policy, shown, [&](std::size_t i) -> std::string {
      const Bytes capacity = capacity_of(r, r.sizes[i]);
      const auto at = std::ranges::find(series.points, capacity, &CurvePoint::capacity);
      if (at == series.points.end()) return "-";
      return si(static_cast<double>(at->total().count / r.word_bytes));
    });
  }
  for (const BoundSeries& bound : r.bounds) {
    add_line(table, bound.id, shown, [&](std::size_t i) { return si(bound.words[i]); });
  }
  add_line(table, "largest bound of the least", shown,
           [&](std::size_t i) { return r.points[i].bound; });
  add_line(table, "least over it", shown,
           [&](std::size_t i) { return ratio(r.points[i].over_bound()); });
  return table.text();
}

std::string leads_table(const Regimes& r) {
  TextTable table({Align::left, Align::right, Align::right, Align::right});
  table.add_row({"moves least", "from M", "M / head_dim^2", "words"});
  for (const Lead& lead : r.leads) {
    table.add_row({lead.algorithm, thousands(lead.from.count),
                   short_number(r.in_head_dims(lead.from)), thousands(lead.words.count)});
  }
  return table.text();
}

std::string crossovers_table(const Regimes& r) {
  TextTable table({Align::left, Align::left, Align::right, Align::right, Align::right, Align::right,
                   Align::right});
  table.add_row(
      {"moves no more", "than", "from M", "M / head_dim^2", "first at M", "words", "against"});
  for (const Crossover& at : r.crossovers) {
    table.add_row({at.algorithm, at.over, thousands(at.from.count),
                   short_number(r.in_head_dims(at.from)), thousands(at.first.count),
                   thousands(at.words.count), thousands(at.over_words.count)});
  }
  return table.text();
}

std::string furthest_text(const Regimes& r) {
  const RegimePoint* at = r.furthest();
  if (at == nullptr) return "";
  return fmt::format(
      "\nleast I/O over its largest lower bound: at most {} at {} sizes, at M = {} ({} over {})\n",
      ratio(at->over_bound()), thousands(r.sizes.size()), thousands(at->m_words.count), at->least,
      at->bound);
}

// --- plot

/// Of leads that change back and forth the last: two rules closer than this cannot be told apart.
constexpr double kApart = 1.1;

void add_rules(const Regimes& r, Plot& plot) {
  for (std::size_t i = 1; i < r.leads.size(); ++i) {  // the first leads from the edge on
    const auto x = static_cast<double>(r.leads[i].from.count);
    if (i + 1 < r.leads.size() && static_cast<double>(r.leads[i + 1].from.count) < x * kApart) {
      continue;
    }
    plot.rules.push_back({x, r.leads[i].algorithm + " least"});
  }
  const double square = static_cast<double>(r.head_dim * r.head_dim);
  const auto m = [](Words words) { return static_cast<double>(words.count); };
  if (!r.sizes.empty() && m(r.sizes.front()) <= square && square <= m(r.sizes.back())) {
    plot.rules.push_back({square, "M = head_dim^2"});
  }
}

}  // namespace

std::string to_json(const Regimes& r) {
  Json out = versioned();
  out["tool"] = tool_json();
  out["workload"] = r.workload;
  out["head_dim"] = r.head_dim;
  const RegimePoint* furthest = r.furthest();
  out["largest_ratio"] = furthest == nullptr ? Json(nullptr) : point_json(*furthest);
  out["leads"] = array(r.leads, lead_json);
  out["crossovers"] = array(r.crossovers, crossover_json);
  out["least"] = array(r.points, point_json);
  out["bounds"] = bounds_json(r);
  return with_text(dump(out), "points", points_json(r.series, r.word_bytes));
}

std::string to_csv(const Regimes& r) {
  std::string out = "policy,capacity_bytes,read_bytes,write_bytes,m_words,words\n";
  const auto add = [&](const std::string& policy, Bytes capacity, const std::string& read_write,
                       const std::string& words) {
    out += fmt::format("{},{},{},{},{}\n", csv_field(policy), capacity.count, read_write,
                       capacity.count / r.word_bytes, words);
  };
  for (const CurveSeries& series : r.series) {
    for (const InfeasibleCapacity& at : series.infeasible) add(series.policy, at.capacity, ",", "");
    for (const CurvePoint& point : series.points) {
      add(series.policy, point.capacity, fmt::format("{},{}", point.read.count, point.write.count),
          fmt::format("{}", point.total().count / r.word_bytes));
    }
  }
  for (const BoundSeries& bound : r.bounds) {
    for (std::size_t i = 0; i < r.sizes.size(); ++i) {
      add(bound.id, capacity_of(r, r.sizes[i]), ",", fmt::format("{:.0f}", bound.words[i]));
    }
  }
  for (const RegimePoint& point : r.points) {
    if (point.bound.empty()) continue;
    add("largest bound", capacity_of(r, point.m_words), ",",
        fmt::format("{:.0f}", point.bound_words));
  }
  return out;
}

std::string to_table(const Regimes& r) {
  std::string out = fmt::format(
      "{}\nwords moved through a scratchpad of M words on the two-level machine, each with its "
      "best "
      "tiles\n\n",
      r.workload);
  out += sizes_table(r);
  if (!r.leads.empty()) out += '\n' + leads_table(r);
  if (!r.crossovers.empty()) out += '\n' + crossovers_table(r);
  return out + furthest_text(r);
}

Plot regimes_plot(const Regimes& r) {
  Plot plot{.title = "I/O against the size of a scratchpad",
            .subtitle = r.workload,
            .x_label = "M, words on the two-level machine",
            .y_label = "words read and written",
            .unit = PlotUnit::words};
  for (const CurveSeries& from : r.series) {
    PlotSeries series{.label = from.policy, .style = PlotStyle::line};
    for (const CurvePoint& point : from.points) {
      series.points.push_back({static_cast<double>(point.capacity.count / r.word_bytes),
                               static_cast<double>(point.total().count / r.word_bytes)});
    }
    if (!series.points.empty()) plot.series.push_back(std::move(series));
  }
  PlotSeries largest{.label = "largest bound", .style = PlotStyle::line};
  for (const RegimePoint& point : r.points) {
    largest.points.push_back({static_cast<double>(point.m_words.count), point.bound_words});
  }
  plot.series.push_back(std::move(largest));
  for (const BoundSeries& bound : r.bounds) {
    PlotSeries series{.label = bound.id, .style = PlotStyle::dotted_line};
    for (std::size_t i = 0; i < r.sizes.size(); ++i) {
      series.points.push_back({static_cast<double>(r.sizes[i].count), bound.words[i]});
    }
    plot.series.push_back(std::move(series));
  }
  for (const Crossover& at : r.crossovers) {
    plot.rings.push_back({static_cast<double>(at.from.count), static_cast<double>(at.words.count),
                          fmt::format("{} moves no more than {} from M = {}", at.algorithm, at.over,
                                      thousands(at.from.count))});
  }
  add_rules(r, plot);
  return plot;
}

}  // namespace attnsim::report
