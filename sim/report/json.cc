#include "sim/report/json.h"

#include "sim/report/json_parts.h"

namespace attnsim::report {
namespace {

void add_rules(Json& out, const CacheRules& rules) {
  out["policy"] = rules.policy;
  out["index"] = name(rules.index);
  out["slices"] = rules.slices;
  out["write"] = rules.write_through ? "through" : "back";
  out["allocate"] = rules.write_allocate;
  out["fetch_covered"] = rules.fetch_covered;
  out["classify"] = rules.classify;
  out["inclusion"] = name(rules.inclusion);
}

Json memory_json(const MemorySpec& m) {
  Json out = Json::object();
  out["name"] = m.name;
  out["kind"] = name(m.kind);
  out["per_core"] = m.per_core;
  out["parent"] = m.parent.empty() ? Json(nullptr) : Json(m.parent);
  if (m.capacity) {
    out[m.capacity->in_words ? "capacity_words" : "capacity_bytes"] = m.capacity->amount;
  }
  if (m.bandwidth) out["bandwidth_bytes_per_second"] = count(*m.bandwidth);
  if (m.read_bandwidth) out["read_bandwidth_bytes_per_second"] = count(*m.read_bandwidth);
  if (m.latency) out["latency_seconds"] = real(*m.latency);
  if (m.line) out["line_bytes"] = *m.line;
  if (m.sector) out["sector_bytes"] = *m.sector;
  if (m.ways) out["ways"] = *m.ways;
  if (m.simulated()) add_rules(out, m.cache);
  if (m.energy) out["energy_joules_per_byte"] = real(*m.energy);
  return out;
}

Json verify_case_json(const VerifyCase& c) {
  Json out = Json::object();
  out["algorithm"] = c.algorithm;
  out["pass"] = c.pass;
  out["case"] = c.name;
  out["max_abs_error"] = real(c.max_abs_error);
  out["ok"] = c.ok;
  out["message"] = c.message;
  out["tolerance"] = real(c.tolerance);
  return out;
}

Json check_json(const CheckRow& row) {
  Json out = Json::object();
  out["check"] = row.check;
  out["metric"] = row.metric;
  out["expectation"] = row.expectation;
  out["value"] = count(row.value);
  out["limit"] = count(row.limit);
  out["ok"] = row.ok;
  out["message"] = row.message;
  return out;
}

Json param_json(const ParamSpec& param) {
  Json out = Json::object();
  out["name"] = param.name;
  out["type"] = param_type_name(param.type);
  out["unit"] = param.unit;
  out["default"] = param.default_value;
  if (param.type == ParamType::choice) out["choices"] = param.choices;
  if (param.type == ParamType::integer) out["minimum"] = param.minimum;
  out["doc"] = param.doc;
  return out;
}

Json tile_json(const TileSpec& tile) {
  Json out = Json::object();
  out["name"] = tile.name;
  out["doc"] = tile.doc;
  return out;
}

Json info_json(const AlgorithmInfo& info) {
  Json out = Json::object();
  out["id"] = info.id;
  out["summary"] = info.summary;
  out["source"] = info.source;
  out["function"] = info.function;
  out["passes"] = array(info.passes, [](Pass pass) { return name(pass); });
  out["tiles"] = array(info.tiles, tile_json);
  out["params"] = array(info.params, param_json);
  return out;
}

}  // namespace

Json machine_json(const MachineSpec& machine) {
  Json out = Json::object();
  out["id"] = machine.id;
  out["name"] = machine.name;
  if (!machine.arch.empty()) out["arch"] = machine.arch;
  out["uniform_words"] = machine.uniform_words;
  out["cores"] = machine.cores;
  if (machine.clock) out["clock_hertz"] = count(*machine.clock);
  out["memories"] = array(machine.memories, memory_json);
  return out;
}

std::string to_json(const VerifyReport& report) {
  Json out = versioned();
  out["passed"] = report.passed();
  out["failed"] = report.failed();
  out["skipped"] = 0;  // a report holds the cases that ran
  out["cases"] = array(report.cases, verify_case_json);
  return dump(out);
}

std::string to_json(const CheckReport& report) {
  Json out = versioned();
  out["passed"] = report.passed();
  out["failed"] = report.failed();
  out["checks"] = array(report.rows, check_json);
  return dump(out);
}

std::string to_json(const Catalogue& catalogue) {
  Json out = versioned();
  out["algorithms"] = array(catalogue.algorithms, info_json);
  return dump(out);
}

std::string to_json(const std::vector<MachineSpec>& machines) {
  Json out = versioned();
  out["hardware"] = array(machines, machine_json);
  return dump(out);
}

std::string names_to_json(std::string_view kind, const std::vector<std::string>& names) {
  Json out = versioned();
  out[std::string(kind)] = names;
  return dump(out);
}

}  // namespace attnsim::report
