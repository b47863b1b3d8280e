#include "sim/config/run_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sim/config/algorithm_reader.h"
#include "sim/config/machine_reader.h"
#include "sim/config/sections.h"
#include "sim/config/workload_reader.h"

namespace attnsim::config {
namespace {

constexpr const char* kDefaultAlgorithm = "flash_attention_2";
constexpr const char* kDefaultHardware = "nvidia_a100_sxm_80";

struct Draft {
  const Catalogue& catalogue;
  Resolver& resolver;
  std::optional<Workload> workload{};
  std::optional<MachineSpec> machine{};
  std::optional<AlgorithmChoice> algorithm{};
  std::optional<std::int64_t> seed = 1;
  Position pass_at{};  // where a fault about the pass belongs
  Position mask_at{};
  Position dropout_at{};
};

void read_workload_section(const Cursor& value, Draft& out) {
  if (!value.require_map()) return;
  const std::optional<Node> node = out.resolver.workload(value.node(), value.path());
  if (!node) return;
  const Cursor map(*node, value.path(), value.faults());
  out.workload = read_workload(map, out.catalogue, out.resolver);
  out.pass_at = map.child("pass").node().at;
  out.mask_at = map.child("mask").node().at;
  out.dropout_at = map.child("dropout").node().at;
}

void read_hardware_section(const Cursor& value, Draft& out) {
  if (!value.require_map()) return;
  const std::optional<Node> node = out.resolver.machine(value.node(), value.path());
  if (node) out.machine = read_machine(Cursor(*node, value.path(), value.faults()));
}

void read_nothing(const Cursor&, Draft&) {}

std::span<const Field<Draft>> run_table() {
  static const Field<Draft> kFields[] = {
      {{.key = "extends", .type = "file", .doc = "the run this one is derived from"}, read_nothing},
      {{.key = "description", .type = "text", .doc = "free text, ignored"}, read_nothing},
      {{.key = "workload",
        .type = "map with at least seqlen and head_dim, or a name or file",
        .required = true,
        .doc = "what is computed"},
       read_workload_section},
      {{.key = "hardware",
        .type = "preset id, file, or map",
        .fallback = kDefaultHardware,
        .doc = "the machine; {extends: ID, ...} changes parts of another one"},
       read_hardware_section},
      {{.key = "algorithm",
        .type = "name, or map",
        .fallback = kDefaultAlgorithm,
        .doc = "how it is computed"},
       [](const Cursor& v, Draft& out) { out.algorithm = read_algorithm(v, out.catalogue); }},
      {{.key = "seed",
        .type = "integer 0..2^63-1",
        .fallback = "1",
        .doc = "of everything that is random"},
       [](const Cursor& v, Draft& out) { out.seed = v.integer({.min = 0}); }},
  };
  return kFields;
}

void check_pass(const Cursor& map, const Draft& draft) {
  const AlgorithmInfo& info = *draft.catalogue.algorithm(draft.algorithm->name);
  const Pass pass = draft.workload->pass;
  if (std::find(info.passes.begin(), info.passes.end(), pass) != info.passes.end()) return;
  std::string has;
  for (const Pass p : info.passes) has += (has.empty() ? "" : ", ") + std::string(name(p));
  map.faults().add(
      draft.pass_at, join_path(join_path(map.path(), "workload"), "pass"),
      "'" + info.id + "' has no " + std::string(name(pass)) + " pass (it has: " + has + ")");
}

void check_mask(const Cursor& map, const Draft& draft) {
  const AlgorithmInfo& info = *draft.catalogue.algorithm(draft.algorithm->name);
  if (!draft.workload->mask || info.block_masks || info.from_file) return;
  std::string those;
  for (const AlgorithmInfo& other : draft.catalogue.algorithms) {
    if (other.block_masks) those += (those.empty() ? "" : ", ") + other.id;
  }
  map.faults().add(draft.mask_at, join_path(join_path(map.path(), "workload"), "mask"),
                   "'" + info.id + "' takes no block mask (these do: " + those + ")");
}

void check_dropout(const Cursor& map, const Draft& draft) {
  const AlgorithmInfo& info = *draft.catalogue.algorithm(draft.algorithm->name);
  if (!draft.workload->dropout || info.dropout) return;
  map.faults().add(draft.dropout_at, join_path(join_path(map.path(), "workload"), "dropout"),
                   "'" + info.id + "' computes without dropout");
}

void set_default(Node& run, const char* section, const char* value) {
  if (run.find(section) != nullptr) return;
  run.entries.push_back({.key = section, .value = long_form(section, make_scalar(value, {}))});
}

}  // namespace

Node with_default_sections(Node run) {
  set_default(run, "algorithm", kDefaultAlgorithm);
  set_default(run, "hardware", kDefaultHardware);
  return run;
}

std::optional<RunSpec> read_run(const Cursor& map, const Catalogue& catalogue, Resolver& resolver) {
  const std::size_t before = map.faults().count();
  Draft draft{.catalogue = catalogue, .resolver = resolver};
  read_map(map, run_table(), draft);
  if (draft.workload && draft.algorithm) {
    check_pass(map, draft);
    check_mask(map, draft);
    check_dropout(map, draft);
  }
  if (map.faults().count() > before) return std::nullopt;
  return RunSpec{.workload = *draft.workload,
                 .machine = std::move(*draft.machine),
                 .algorithm = std::move(*draft.algorithm),
                 .seed = static_cast<std::uint64_t>(*draft.seed)};
}

std::optional<Node> run_section(const Cursor& value, Resolver& resolver) {
  Node run = value.node();
  if (run.is_scalar()) {  // a file name alone
    run = make_map(value.node().at);
    run.entries.push_back({.key = "extends", .at = value.node().at, .value = value.node()});
  }
  if (!run.is_map()) {
    value.expected("a map or a file");
    return std::nullopt;
  }
  std::optional<Node> resolved = resolver.run(run, value.path());
  return resolved ? std::optional(with_default_sections(std::move(*resolved))) : std::nullopt;
}

std::vector<FieldDoc> run_fields() { return docs_of(run_table()); }

}  // namespace attnsim::config
