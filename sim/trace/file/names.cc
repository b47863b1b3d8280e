#include "sim/trace/file/names.h"

#include <algorithm>
#include <array>

#include "sim/trace/op_table.h"

namespace attnsim::trace_file {

std::span<const std::string_view> op_names() {
  static constexpr auto kNames = [] {
    std::array<std::string_view, kOpCount> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = kOpTable[i].name;
    return names;
  }();
  return kNames;
}

std::span<const std::string_view> role_names() {
  static const auto kNames = [] {
    std::array<std::string_view, kRoleCount> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = name(static_cast<Role>(i));
    return names;
  }();
  return kNames;
}

std::span<const std::string_view> tensor_role_names() {
  static constexpr auto kNames = std::to_array<std::string_view>({"query",
                                                                  "key",
                                                                  "value",
                                                                  "output",
                                                                  "lse",
                                                                  "row_max",
                                                                  "row_sum",
                                                                  "workspace",
                                                                  "mask",
                                                                  "d_output",
                                                                  "d_query",
                                                                  "d_key",
                                                                  "d_value",
                                                                  "delta",
                                                                  "probabilities",
                                                                  "query_tokens",
                                                                  "value_tokens",
                                                                  "query_parameter",
                                                                  "value_parameter",
                                                                  "d_query_parameter",
                                                                  "dropped_probabilities",
                                                                  "gate",
                                                                  "d_gate",
                                                                  "prefix_key",
                                                                  "prefix_value"});
  static_assert(kNames.size() == static_cast<std::size_t>(TensorRole::prefix_value) + 1);
  return kNames;
}

std::span<const std::string_view> flag_names() {
  static constexpr auto kNames = std::to_array<std::string_view>(
      {"transpose_a", "transpose_b", "creates", "init", "at_memory"});
  static_assert(kTransposeA == 1 && kTransposeB == 2 && kCreates == 4 && kInit == 8 &&
                kAtMemory == 16);
  return kNames;
}

std::string_view name(TensorRole role) {
  return tensor_role_names()[static_cast<std::size_t>(role)];
}

std::optional<std::uint8_t> position_of(std::string_view name,
                                        std::span<const std::string_view> names) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return std::nullopt;
  return static_cast<std::uint8_t>(it - names.begin());
}

std::optional<TileRule> tile_rule_from_name(std::string_view text) {
  for (const TileRule rule : {TileRule::automatic, TileRule::released, TileRule::fit,
                              TileRule::paper, TileRule::explicit_sizes}) {
    if (name(rule) == text) return rule;
  }
  return std::nullopt;
}

}  // namespace attnsim::trace_file
