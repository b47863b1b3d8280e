#include "sim/config/resolve.h"

#include <system_error>
#include <utility>

#include "sim/config/cursor.h"
#include "sim/config/parse.h"
#include "sim/config/scalar.h"
#include "sim/config/schema.h"
#include "sim/config/sections.h"
#include "sim/config/source.h"

namespace attnsim::config {

struct Family {
  std::string noun;
  std::string folder;  // of bare names; empty: only files can be extended
  Node (*merge)(Node base, const Node& derived);
  bool has_id = false;  // a file gives its stem as `id`
};

namespace {

namespace fs = std::filesystem;

const Family& runs() {
  static const Family kFamily{.noun = "run", .folder = "", .merge = merge_run};
  return kFamily;
}

const Family& workloads() {
  static const Family kFamily{
      .noun = "workload", .folder = "configs/workloads", .merge = merge_workload};
  return kFamily;
}

const Family& machines() {
  static const Family kFamily{
      .noun = "hardware", .folder = "configs/hardware", .merge = merge, .has_id = true};
  return kFamily;
}

fs::path identity_of(const std::string& file) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(file, error);
  return error ? fs::path(file) : path;
}

/// The folder of the file a node was written in; the current one for the command line.
fs::path folder_of(const Node& node) {
  return node.at.line > 0 ? fs::path(node.at.file).parent_path() : fs::path();
}

void add_id(Node& machine, const std::string& file) {
  if (machine.find("id") != nullptr) return;
  const std::string stem = fs::path(file).stem().string();
  machine.entries.push_back(
      {.key = "id", .at = machine.at, .value = make_scalar(stem, machine.at)});
}

}  // namespace

std::shared_ptr<const Node> Documents::find(const std::string& file) const {
  const std::lock_guard lock(mutex_);
  const auto it = documents_.find(file);
  return it == documents_.end() ? nullptr : it->second;
}

void Documents::keep(const std::string& file, const Node& document) {
  const std::lock_guard lock(mutex_);
  documents_.emplace(file, std::make_shared<const Node>(document));
}

std::optional<Node> Resolver::run_file(const std::string& file) {
  const std::optional<std::string> found = find_file(file, {}, search_);
  return load(found.value_or(file), "", runs());
}

std::optional<Node> Resolver::plain_file(const std::string& file) {
  const std::optional<std::string> found = find_file(file, {}, search_);
  return parse_map(found.value_or(file), "", kLargestFile);
}

std::optional<Node> Resolver::mask_file(const Node& name, const std::string& path) {
  const std::optional<std::string> file = find_file(name.text, folder_of(name), search_);
  if (!file) {
    faults_.add(name.at, path, "no such file " + quote(name.text));
    return std::nullopt;
  }
  return parse_map(*file, path, kLargestMask);
}

std::optional<Node> Resolver::run(const Node& map, const std::string& path) {
  return resolve(with_long_forms(map), path, runs());
}

std::optional<Node> Resolver::workload(const Node& map, const std::string& path) {
  return resolve(map, path, workloads());
}

std::optional<Node> Resolver::machine(const Node& map, const std::string& path) {
  return resolve(map, path, machines());
}

std::optional<Node> Resolver::resolve(Node map, const std::string& path, const Family& family) {
  const Node* extends = map.find("extends");
  if (extends == nullptr) return map;
  const Node target = *extends;
  erase_entry(map, "extends");
  const std::string where = family.folder.empty() ? join_path(path, "extends") : path;
  const std::optional<std::string> file = locate(target, where, family);
  if (!file || closes_cycle(*file, target, where)) return std::nullopt;
  std::optional<Node> base = load(*file, path, family);
  if (!base) return std::nullopt;
  return family.merge(std::move(*base), map);
}

std::optional<Node> Resolver::load(const std::string& file, const std::string& path,
                                   const Family& family) {
  std::optional<Node> map = parse_map(file, path, kLargestFile);
  if (!map) return std::nullopt;
  if (family.has_id) add_id(*map, file);
  chain_.push_back({.identity = identity_of(file), .shown = file});
  const bool is_run = &family == &runs();
  std::optional<Node> out =
      resolve(is_run ? with_long_forms(std::move(*map)) : std::move(*map), path, family);
  chain_.pop_back();
  return out;
}

std::optional<Node> Resolver::parse_map(const std::string& file, const std::string& path,
                                        std::size_t largest) {
  if (const auto known = documents_ != nullptr ? documents_->find(file) : nullptr) return *known;
  const std::size_t before = faults_.count();
  const std::optional<std::string> text = read_text(file, faults_, largest);
  if (!text) return std::nullopt;
  std::optional<Node> node = parse_yaml(*text, file, path, faults_);
  if (node && !node->is_map()) {
    faults_.add(node->at, path, "expected a map, got " + describe(*node));
    return std::nullopt;
  }
  if (node && documents_ != nullptr && faults_.count() == before) documents_->keep(file, *node);
  return node;
}

std::optional<std::string> Resolver::locate(const Node& target, const std::string& path,
                                            const Family& family) {
  const bool bare_names = !family.folder.empty();
  if (!target.is_scalar() || target.text.empty()) {
    const std::string expected = bare_names ? "expected a name or a file" : "expected a file";
    faults_.add(target.at, path, expected + ", got " + describe(target));
    return std::nullopt;
  }
  if (bare_names && !looks_like_path(target.text)) {
    const std::vector<std::string> names = names_in(family.folder, search_);
    for (const std::string& name : names) {
      if (name == target.text) return named_file(family.folder, name, search_);
    }
    faults_.add(target.at, path,
                "unknown " + family.noun + " " + quote(target.text) + key_hint(target.text, names));
    return std::nullopt;
  }
  std::optional<std::string> file = find_file(target.text, folder_of(target), search_);
  if (!file) faults_.add(target.at, path, "no such file " + quote(target.text));
  return file;
}

bool Resolver::closes_cycle(const std::string& file, const Node& target, const std::string& path) {
  const fs::path identity = identity_of(file);
  std::string cycle;
  for (const Link& link : chain_) {
    if (!cycle.empty() || link.identity == identity) cycle += link.shown + " -> ";
  }
  if (cycle.empty()) return false;
  faults_.add(target.at, path, "recursive extends: " + cycle + file);
  return true;
}

}  // namespace attnsim::config
