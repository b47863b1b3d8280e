#include "sim/config/machine_reader.h"

#include <cstdint>
#include <string>
#include <utility>

#include "sim/config/machine_rules.h"
#include "sim/config/memory_reader.h"
#include "sim/config/scalar.h"
#include "sim/config/unit_reader.h"
#include "sim/core/spelling.h"

namespace attnsim::config {
namespace {

constexpr Range kCores{.min = 1, .max = 1 << 24};

template <Role kRole>
void read_role(const Cursor& value, MachineSpec& out) {
  out.roles[static_cast<std::size_t>(kRole)] = value.text("the name of a memory").value_or("");
}

std::span<const Field<MachineSpec>> role_table() {
  constexpr const char* kType = "memory";
  static const Field<MachineSpec> kFields[] = {
      {{.key = "operand",
        .type = kType,
        .required = true,
        .doc = "blocks that enter or leave a matrix product: Q, K, V, O"},
       read_role<Role::operand>},
      {{.key = "accumulator", .type = kType, .required = true, .doc = "results of the matrix unit"},
       read_role<Role::accumulator>},
      {{.key = "vector", .type = kType, .required = true, .doc = "row statistics"},
       read_role<Role::vector>},
      {{.key = "staging",
        .type = kType,
        .required = true,
        .doc = "blocks fetched ahead of their use"},
       read_role<Role::staging>},
      {{.key = "exchange",
        .type = kType,
        .required = true,
        .doc = "blocks handed from one agent to another"},
       read_role<Role::exchange>},
  };
  return kFields;
}

void read_estimated(const Cursor& value, MachineSpec& out) {
  if (!value.require_sequence()) return;
  for (std::size_t i = 0; i < value.node().items.size(); ++i) {
    if (const auto path = value.item(i).text("the path of a value")) out.estimated.push_back(*path);
  }
}

void read_nothing(const Cursor&, MachineSpec&) {}

std::span<const Field<MachineSpec>> machine_table() {
  static const Field<MachineSpec> kFields[] = {
      {{.key = "extends",
        .type = "preset id or file",
        .doc = "the machine this one is derived from"},
       read_nothing},
      {{.key = "description", .type = "text", .doc = "free text, ignored"}, read_nothing},
      {{.key = "id",
        .type = "text",
        .fallback = "the file name without .yaml",
        .doc = "how results name the machine"},
       [](const Cursor& v, MachineSpec& out) { out.id = v.text("an id").value_or(""); }},
      {{.key = "name", .type = "text", .fallback = "the id", .doc = "the product's full name"},
       [](const Cursor& v, MachineSpec& out) { out.name = v.text("a name").value_or(""); }},
      {{.key = "arch",
        .type = "text",
        .doc = "selects released tile tables: sm70, sm80, sm89, sm90 ..."},
       [](const Cursor& v, MachineSpec& out) {
         out.arch = v.text("an architecture").value_or("");
       }},
      {{.key = "uniform_words",
        .type = "true or false",
        .fallback = "false",
        .doc = "every element is one word, whatever its dtype: the red-blue pebble machine"},
       [](const Cursor& v, MachineSpec& out) { out.uniform_words = v.boolean().value_or(false); }},
      {{.key = "cores",
        .type = "integer 1..2^24",
        .required = true,
        .doc = "SMs, compute units, AI cores: what a task is placed on"},
       [](const Cursor& v, MachineSpec& out) { out.cores = v.integer(kCores).value_or(1); }},
      {{.key = "clock", .type = "frequency", .doc = "of the cores"},
       [](const Cursor& v, MachineSpec& out) { out.clock = v.quantity(Quantity::frequency); }},
      {{.key = "memories",
        .type = "map of name to memory, inner to outer",
        .required = true,
        .doc = "the last one is where tensors live"},
       [](const Cursor& v, MachineSpec& out) {
         read_memories(v, out.uniform_words, out.memories);
       }},
      {{.key = "roles",
        .type = "map of role to memory",
        .required = true,
        .doc = "where each kind of tile lives"},
       [](const Cursor& v, MachineSpec& out) { read_map(v, role_table(), out); }},
      {{.key = "units", .type = "map", .doc = "rates of the execution units"},
       [](const Cursor& v, MachineSpec& out) { read_units(v, out.units); }},
      {{.key = "core", .type = "map", .doc = "what a core can hold at once"},
       [](const Cursor& v, MachineSpec& out) { read_core(v, out.core); }},
      {{.key = "load", .type = "map", .doc = "how the units behave under attention load"},
       [](const Cursor& v, MachineSpec& out) { read_load(v, out.load); }},
      {{.key = "launch", .type = "time", .doc = "from the call to the start of a kernel"},
       [](const Cursor& v, MachineSpec& out) { out.launch = v.quantity(Quantity::time); }},
      {{.key = "launch_next",
        .type = "time",
        .fallback = "launch",
        .doc = "cost of a further kernel of the same stream"},
       [](const Cursor& v, MachineSpec& out) { out.launch_next = v.quantity(Quantity::time); }},
      {{.key = "estimated",
        .type = "list of paths",
        .doc = "values of this machine that are guesses, such as memories.l2.ways"},
       read_estimated},
  };
  return kFields;
}

/// The node at a dotted path below a map, or nullptr.
const Node* find_path(const Node& map, std::string_view path) {
  const Node* node = &map;
  while (node != nullptr && !path.empty()) {
    const std::size_t dot = path.find('.');
    node = node->find(path.substr(0, dot));
    path = dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1);
  }
  return node;
}

void check_estimated(const Cursor& map, const MachineSpec& machine) {
  const Cursor list = map.child("estimated");
  for (std::size_t i = 0; i < machine.estimated.size(); ++i) {
    if (find_path(map.node(), machine.estimated[i]) != nullptr) continue;
    list.item(i).fault("no such value " + quote(machine.estimated[i]));
  }
}

}  // namespace

std::optional<MachineSpec> read_machine(const Cursor& map) {
  const std::size_t before = map.faults().count();
  MachineSpec machine;
  machine.id = "inline";
  read_map(map, machine_table(), machine);
  if (map.faults().count() > before) return std::nullopt;
  if (machine.name.empty()) machine.name = machine.id;
  check_memories(map.child("memories"), machine);
  check_roles(map.child("roles"), machine);
  if (map.faults().count() == before) check_caches(map.child("memories"), machine);
  check_estimated(map, machine);
  if (map.faults().count() > before) return std::nullopt;
  return machine;
}

std::vector<FieldDoc> machine_fields() { return docs_of(machine_table()); }
std::vector<FieldDoc> role_fields() { return docs_of(role_table()); }

}  // namespace attnsim::config
