#include "sim/report/cache_report.h"

#include <fmt/format.h>

#include "sim/report/csv.h"
#include "sim/report/format.h"
#include "sim/report/io_table.h"
#include "sim/report/json_parts.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

using Counter = std::uint64_t CacheRow::*;

struct Column {
  std::string_view name;
  Counter value;
};

constexpr Column kCounters[] = {{"accesses", &CacheRow::accesses},
                                {"hits", &CacheRow::hits},
                                {"misses", &CacheRow::misses},
                                {"read_misses", &CacheRow::read_misses},
                                {"write_misses", &CacheRow::write_misses},
                                {"cold", &CacheRow::cold},
                                {"capacity", &CacheRow::capacity},
                                {"conflict", &CacheRow::conflict},
                                {"fills", &CacheRow::fills},
                                {"evictions", &CacheRow::evictions},
                                {"write_backs", &CacheRow::write_backs},
                                {"final_dirty", &CacheRow::final_dirty}};

/// "1.0 MiB, line 64 B, 16 ways, lru".
std::string shape_text(const CacheSpec& cache) {
  const CacheRules& rules = cache.rules;
  std::string out = fmt::format("{}, line {} B", human_bytes(Bytes(cache.capacity)), cache.line);
  if (cache.sectored()) out += fmt::format(" in sectors of {} B", cache.unit());
  out += cache.ways ? fmt::format(", {} ways", *cache.ways) : ", fully associative";
  out += ", " + rules.policy;
  if (rules.index != CacheIndex::modulo) out += fmt::format(", index {}", name(rules.index));
  if (rules.slices != 1) out += fmt::format(", {} slices", rules.slices);
  if (rules.write_through) out += ", write-through";
  if (!rules.write_allocate) out += ", no write-allocate";
  if (!rules.fetch_covered) out += ", covered writes do not fetch";
  if (rules.inclusion != CacheInclusion::neither) out += fmt::format(", {}", name(rules.inclusion));
  return out;
}

}  // namespace

std::string to_json(const CacheReport& report) {
  Json trace = Json::object();
  trace["file"] = report.file;
  trace["accesses"] = report.accesses;
  Json memory = Json::object();
  memory["read_bytes"] = report.memory_read.count;
  memory["write_bytes"] = report.memory_write.count;
  Json out = versioned();
  out["tool"] = tool_json();
  out["trace"] = std::move(trace);
  out["caches"] = array(report.caches, cache_json);
  out["memory"] = std::move(memory);
  return dump(out);
}

std::string to_csv(const CacheReport& report) {
  std::string out = "name,tensor";
  for (const Column& column : kCounters) out += fmt::format(",{}", column.name);
  out += '\n';
  for (const CacheRow& row : report.caches) {
    out += csv_field(row.name) + ',' + csv_field(row.tensor);
    for (const Column& column : kCounters) out += fmt::format(",{}", row.*column.value);
    out += '\n';
  }
  return out;
}

std::string to_table(const CacheReport& report) {
  std::string out = fmt::format("{}: {} accesses\n", report.file, thousands(report.accesses));
  for (const SeededCache& spec : report.specs) {
    out += fmt::format("{}: {}\n", spec.cache.name, shape_text(spec.cache));
  }
  std::vector<Align> columns = {Align::left};
  std::vector<std::string> names = {""};
  for (const CacheRow& row : report.caches) {
    columns.insert(columns.end(), {Align::right, Align::right});
    names.insert(names.end(), {row.name, ""});
  }
  TextTable table(columns);
  table.add_row(names);
  for (const Column& column : kCounters) {
    std::vector<std::string> cells = {std::string(column.name)};
    for (const CacheRow& row : report.caches) {
      const std::uint64_t value = row.*column.value;
      cells.insert(cells.end(), {thousands(value), share(value, row.accesses)});
    }
    table.add_row(cells);
  }
  return out + '\n' + table.text() +
         fmt::format("\nmemory: read {}, written {}\n", human_bytes(report.memory_read),
                     human_bytes(report.memory_write));
}

}  // namespace attnsim::report
