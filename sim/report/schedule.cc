#include "sim/report/schedule.h"

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/format.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

/// "at_once, Br 171, Bc 1, held_blocks 24", or "standard, b 2, bk 1"; what is 0 or false is left
/// out.
std::string choice_text(const AlgorithmChoice& choice) {
  std::vector<std::string> parts;
  for (const auto& [name, size] : choice.tiles.sizes) {
    parts.push_back(fmt::format("{} {}", name, size));
  }
  std::string head = choice.name;
  for (const auto& [name, value] : choice.params.all()) {
    const std::string text = param_text(value);
    if (name == "scores" || name == "gradients") {
      head = text;
    } else if (text != "0" && text != "false") {
      parts.push_back(text == "true" ? name : fmt::format("{} {}", name, text));
    }
  }
  parts.insert(parts.begin(), head);
  return join(parts);
}

/// The options that run the choice.
std::string options_text(const ScheduleRow& row) {
  std::vector<std::string> tiles;
  for (const auto& [name, size] : row.choice.tiles.sizes) {
    tiles.push_back(fmt::format("{}: {}", name, size));
  }
  std::string out = fmt::format(
      "run it: --algorithm {} --hardware abstract_two_level \\\n"
      "  --set hardware.memories.sram.capacity='{} words' --set algorithm.tiles='{{{}}}'",
      row.choice.name, row.m_words.count, join(tiles));
  for (const auto& [name, value] : row.choice.params.all()) {
    out += fmt::format(" \\\n  --set algorithm.{}={}", name, param_text(value));
  }
  return out + '\n';
}

Json algorithm_json(const AlgorithmChoice& choice) {
  Json out = Json::object();
  out["name"] = choice.name;
  for (const auto& [name, size] : choice.tiles.sizes) out["tiles"][name] = size;
  for (const auto& [name, value] : choice.params.all()) {
    std::visit([&out, &key = name](const auto& v) { out["params"][key] = v; }, value);
  }
  return out;
}

Json row_json(const ScheduleRow& row) {
  Json out = Json::object();
  out["m_words"] = count(row.m_words);
  out["words"] = count(row.words);
  out["footprint_words"] = count(row.footprint);
  out["nests"] = row.nests;
  out["algorithm"] = algorithm_json(row.choice);
  out["bound"]["id"] = row.bound;
  out["bound"]["words"] = count(row.bound_words);
  out["bound"]["ratio"] = real(row.over_bound());
  out["published"] = nullptr;
  if (!row.published) return out;
  Json published = Json::object();
  published["algorithm"] = algorithm_json(*row.published);
  published["words"] = count(row.published_words);
  published["ratio"] = real(row.gain());
  out["published"] = std::move(published);
  return out;
}

}  // namespace

std::string to_json(const ScheduleReport& report) {
  Json out = versioned();
  out["tool"] = tool_json();
  out["workload"] = report.workload;
  out["points"] = array(report.rows, row_json);
  return dump(out);
}

std::string to_csv(const ScheduleReport& report) {
  std::string out =
      "m_words,words,footprint_words,nests,algorithm,choice,bound,bound_words,bound_ratio,"
      "published,published_words,published_ratio\n";
  for (const ScheduleRow& row : report.rows) {
    out += fmt::format("{},{},{},{},{},{},{},{:.0f},{},", row.m_words.count, row.words.count,
                       row.footprint.count, row.nests, row.choice.name,
                       csv_field(choice_text(row.choice)), row.bound, row.bound_words,
                       row.over_bound());
    out += row.published ? fmt::format("{},{},{}\n", csv_field(choice_text(*row.published)),
                                       row.published_words.count, row.gain())
                         : std::string(",,\n");
  }
  return out;
}

std::string to_table(const ScheduleReport& report) {
  TextTable table({Align::right, Align::right, Align::right, Align::left, Align::right, Align::left,
                   Align::right, Align::left});
  table.add_row(
      {"M", "words", "over bound", "", "published over it", "", "evaluated", "best nest"});
  for (const ScheduleRow& row : report.rows) {
    table.add_row({thousands(row.m_words.count), thousands(row.words.count),
                   ratio(row.over_bound()), row.bound, ratio(row.published ? row.gain() : 0),
                   row.published ? row.published->name : "", thousands(row.nests),
                   choice_text(row.choice)});
  }
  std::string out =
      fmt::format("{}\nleast I/O on the two-level machine, in words\n\n", report.workload);
  out += table.text();
  if (report.rows.size() == 1) out += '\n' + options_text(report.rows.front());
  return out;
}

}  // namespace attnsim::report
