// The load functions of config.h: find, parse, merge, read, and throw what was wrong.
#include <string>
#include <utility>

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
