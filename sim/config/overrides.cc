#include "sim/config/overrides.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/config/argument.h"
#include "sim/config/cursor.h"
#include "sim/config/parse.h"
#include "sim/config/sections.h"

namespace attnsim::config {
namespace {

constexpr std::size_t kDeepestPath = 16;

/// The parts of a.b.c; empty when one of them is.
std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = path.find('.');
    if (dot == 0 || path.empty()) return {};
    parts.emplace_back(path.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    path.remove_prefix(dot + 1);
  }
}

/// A tree with the one leaf that `path=value` names; `prefix` is prepended to the path.
std::optional<Node> assignment(std::string_view text, const std::string& prefix, const Position& at,
                               Faults& faults) {
  const std::size_t equals = text.find('=');
  const std::string path = prefix + std::string(text.substr(0, equals));
  if (equals == std::string_view::npos || !tree_at(path, {}, at)) {
    faults.add(at, "",
               prefix.empty() ? "expected path=value, such as workload.heads=8"
                              : "expected key=value, such as heads=8");
    return std::nullopt;
  }
  std::optional<Node> value = parse_value(text.substr(equals + 1), at, path, faults);
  return value ? tree_at(path, std::move(*value), at) : std::nullopt;
}

Node workload_tree(const std::string& argument, Faults& faults) {
  Node tree = make_map({});
  for (const std::string_view item : split_list(argument)) {
    const Position at = origin("--workload", item);
    if (const auto node = assignment(item, "workload.", at, faults)) {
      tree = merge(std::move(tree), *node);
    }
  }
  return tree;
}

Node section_tree(const std::string& section, const std::string& value) {
  const Position at = origin("--" + section, value);
  Node tree = make_map(at);
  tree.entries.push_back({.key = section, .at = at, .value = make_scalar(value, at)});
  return tree;
}

}  // namespace

std::optional<Node> tree_at(std::string_view path, Node value, const Position& at) {
  const std::vector<std::string> parts = split_path(path);
  if (parts.empty() || parts.size() > kDeepestPath) return std::nullopt;
  for (std::size_t i = parts.size(); i-- > 0;) {
    Node map = make_map(at);
    map.entries.push_back({.key = parts[i], .at = at, .value = std::move(value)});
    value = std::move(map);
  }
  return value;
}

Node apply_overrides(Node run, const Overrides& overrides, Faults& faults) {
  if (overrides.algorithm) {
    run = merge_run(std::move(run), section_tree("algorithm", *overrides.algorithm));
  }
  if (overrides.hardware) {
    run = merge_run(std::move(run), section_tree("hardware", *overrides.hardware));
  }
  for (const std::string& argument : overrides.workload) {
    run = merge_run(std::move(run), workload_tree(argument, faults));
  }
  Node sets = make_map({});
  for (const std::string& argument : overrides.sets) {
    const Position at = origin("--set", argument);
    if (const auto node = assignment(argument, "", at, faults)) {
      sets = merge(std::move(sets), with_long_forms(*node));
    }
  }
  return merge_run(std::move(run), sets);
}

}  // namespace attnsim::config
