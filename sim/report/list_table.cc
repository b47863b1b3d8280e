// Listings as text: what there is, one line each, and what one algorithm takes.
#include <fmt/format.h>

#include "sim/report/format.h"
#include "sim/report/table.h"
#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

constexpr Align kLeft = Align::left;
constexpr Align kRight = Align::right;

std::string passes_text(const AlgorithmInfo& info) {
  std::vector<std::string> names;
  for (const Pass pass : info.passes) names.emplace_back(name(pass));
  return join(names);
}

std::string tiles_text(const AlgorithmInfo& info) {
  std::vector<std::string> names;
  for (const TileSpec& tile : info.tiles) names.push_back(tile.name);
  return names.empty() ? "-" : join(names);
}

std::string memory_text(const MemorySpec& memory) {
  std::string out = memory.name;
  if (memory.capacity) {
    out += ' ';
    out += memory.capacity->in_words ? thousands(memory.capacity->amount) + " words"
                                     : human_bytes(Bytes(memory.capacity->amount));
    if (memory.per_core) out += "/core";
  }
  return out;
}

// What a value may be: boolean, integer >= 1 (rows), one of a | b.
std::string param_domain(const ParamSpec& param) {
  if (param.type == ParamType::choice) return join(param.choices, " | ");
  std::string out(param_type_name(param.type));
  if (param.type == ParamType::integer) out += fmt::format(" >= {}", param.minimum);
  if (!param.unit.empty()) out += fmt::format(" ({})", param.unit);
  return out;
}

}  // namespace

std::string to_table(const Catalogue& catalogue) {
  TextTable table({kLeft, kLeft, kLeft, kLeft});
  table.add_row({"algorithm", "passes", "tiles", "summary"});
  for (const AlgorithmInfo& info : catalogue.algorithms) {
    table.add_row({info.id, passes_text(info), tiles_text(info), info.summary});
  }
  return table.text();
}

std::string to_table(const std::vector<MachineSpec>& machines) {
  TextTable table({kLeft, kLeft, kRight, kLeft});
  table.add_row({"hardware", "name", "cores", "memories, inner to outer"});
  for (const MachineSpec& machine : machines) {
    std::vector<std::string> memories;
    for (const MemorySpec& memory : machine.memories) memories.push_back(memory_text(memory));
    table.add_row({machine.id, machine.name, std::to_string(machine.cores), join(memories)});
  }
  return table.text();
}

std::string algorithm_help(const AlgorithmInfo& info) {
  TextTable facts({kLeft, kLeft});
  facts.add_row({"  source", info.source});
  facts.add_row({"  computes", info.function});
  facts.add_row({"  passes", passes_text(info)});
  std::string out = fmt::format("{}: {}\n", info.id, info.summary) + facts.text();
  if (!info.tiles.empty()) {
    TextTable tiles({kLeft, kLeft});
    for (const TileSpec& tile : info.tiles) tiles.add_row({"  " + tile.name, tile.doc});
    out += "\ntiles (tiles: automatic | released | fit | paper, or every size by name)\n";
    out += tiles.text();
  }
  if (!info.params.empty()) {
    TextTable params({kLeft, kLeft, kLeft, kLeft});
    for (const ParamSpec& param : info.params) {
      params.add_row(
          {"  " + param.name, param_domain(param), "default " + param.default_value, param.doc});
    }
    out += "\nparameters\n" + params.text();
  }
  return out;
}

}  // namespace attnsim::report
