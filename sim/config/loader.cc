// The load functions of config.h: find, parse, merge, read, and throw what was wrong.
#include <string>
#include <utility>

#include "sim/config/algorithm_reader.h"
#include "sim/config/argument.h"
#include "sim/config/check_reader.h"
#include "sim/config/config.h"
#include "sim/config/cursor.h"
#include "sim/config/faults.h"
#include "sim/config/machine_reader.h"
#include "sim/config/overrides.h"
#include "sim/config/parse.h"
#include "sim/config/resolve.h"
#include "sim/config/run_reader.h"
#include "sim/config/sections.h"
#include "sim/config/source.h"
#include "sim/core/error.h"

namespace attnsim::config {
namespace {

/// A value after all faults were thrown.
template <typename T>
T require(std::optional<T> value, const Faults& faults) {
  faults.throw_if_any();
  ATTNSIM_CHECK(value.has_value(), "nothing was read, and no fault recorded");
  return std::move(*value);
}

}  // namespace

RunSpec load_run(const std::optional<std::string>& file, const Overrides& overrides,
                 const Catalogue& catalogue, const SearchPath& search) {
  Faults faults;
  Resolver resolver(search, faults);
  std::optional<Node> run = make_map({});
  if (file) run = resolver.run_file(*file);
  if (!run) faults.throw_if_any();
  Node full = apply_overrides(with_default_sections(std::move(*run)), overrides, faults);
  return require(read_run(Cursor(full, "", faults), catalogue, resolver), faults);
}

RunSpec load_run_text(const std::string& text, const std::string& name, const Overrides& overrides,
                      const Catalogue& catalogue, const SearchPath& search) {
  Faults faults;
  Resolver resolver(search, faults);
  std::optional<Node> run = parse_yaml(text, name, "", faults);
  if (run && !run->is_map()) faults.add(run->at, "", "expected a map, got " + describe(*run));
  faults.throw_if_any();
  run = resolver.run(*run, "");
  if (!run) faults.throw_if_any();
  Node full = apply_overrides(with_default_sections(std::move(*run)), overrides, faults);
  return require(read_run(Cursor(full, "", faults), catalogue, resolver), faults);
}

MachineSpec load_machine(const std::string& id_or_file, const SearchPath& search) {
  Faults faults;
  Resolver resolver(search, faults);
  const Node map = long_form("hardware", make_scalar(id_or_file, {}));
  const std::optional<Node> node = resolver.machine(map, "hardware");
  faults.throw_if_any();
  return require(read_machine(Cursor(*node, "hardware", faults)), faults);
}

std::vector<AlgorithmChoice> load_fitted_algorithms(const std::string& option,
                                                    const std::string& text,
                                                    const Catalogue& catalogue) {
  Faults faults;
  std::vector<AlgorithmChoice> out;
  const Position at = origin(option, text);
  for (const std::string_view item : split_list(text)) {
    const std::string id(trimmed(item));
    Node map = make_map(at);
    map.entries.push_back({.key = "name", .at = at, .value = make_scalar(id, at)});
    map.entries.push_back({.key = "tiles", .at = at, .value = make_scalar("fit", at)});
    const auto choice = read_algorithm(Cursor(map, "", faults), catalogue);
    if (choice && catalogue.algorithm(id)->from_file) {
      faults.add(at, "", "'" + id + "' is read from a file: it has no tiles to fit");
    } else if (choice) {
      out.push_back(*choice);
    }
  }
  faults.throw_if_any();
  return out;
}

std::vector<std::string> machine_ids(const SearchPath& search) {
  return names_in("configs/hardware", search);
}

std::vector<CheckSpec> load_checks(const std::string& file, const Catalogue& catalogue,
                                   const SearchPath& search) {
  Faults faults;
  Resolver resolver(search, faults);
  const std::optional<Node> root = resolver.plain_file(file);
  if (!root) faults.throw_if_any();
  std::vector<CheckSpec> checks = read_checks(Cursor(*root, "", faults), catalogue, resolver);
  faults.throw_if_any();
  return checks;
}

}  // namespace attnsim::config
