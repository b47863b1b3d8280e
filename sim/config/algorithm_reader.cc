#include "sim/config/algorithm_reader.h"

#include <cstdint>
#include <string>
#include <utility>

#include "sim/config/param_reader.h"

namespace attnsim::config {
namespace {

constexpr Range kTileSize{.min = 1, .max = std::int64_t{1} << 30};

std::optional<TileRule> rule_named(std::string_view text) {
  for (const TileRule rule :
       {TileRule::automatic, TileRule::released, TileRule::fit, TileRule::paper}) {
    if (name(rule) == text) return rule;
  }
  return std::nullopt;
}

std::vector<FieldDoc> tile_fields(const AlgorithmInfo& info) {
  std::vector<FieldDoc> docs;
  for (const TileSpec& tile : info.tiles) {
    docs.push_back({.key = tile.name,
                    .type = "integer 1..2^30",
                    .fallback = tile.fallback.empty() ? "" : "as " + tile.fallback,
                    .required = tile.fallback.empty(),
                    .doc = tile.doc});
  }
  return docs;
}

void read_tiles(const Cursor& value, const AlgorithmInfo& info, TileChoice& out) {
  if (value.node().is_map()) {
    out.rule = TileRule::explicit_sizes;
    check_keys(value, tile_fields(info));
    for (const TileSpec& tile : info.tiles) {
      const Entry* entry = value.node().entry(tile.name);
      if (entry == nullptr) continue;
      if (const auto size = value.child(*entry).integer(kTileSize)) out.sizes[tile.name] = *size;
    }
    return;
  }
  const std::optional<TileRule> rule =
      value.node().is_scalar() ? rule_named(value.node().text) : std::nullopt;
  if (rule) {
    out.rule = *rule;
  } else {
    value.expected("automatic, released, fit, paper or a map of tile sizes");
  }
}

std::vector<FieldDoc> fields_of(const AlgorithmInfo& info) {
  std::vector<FieldDoc> docs = algorithm_fields();
  for (FieldDoc& doc : param_fields(info.params)) docs.push_back(std::move(doc));
  return docs;
}

const AlgorithmInfo* read_name(const Cursor& map, const Catalogue& catalogue) {
  if (!map.require_map()) return nullptr;
  const Node* node = map.node().find("name");
  if (node == nullptr) {
    map.fault("missing key 'name' (an algorithm)");
    return nullptr;
  }
  const std::vector<std::string> ids = catalogue.algorithm_ids();
  const Cursor at(*node, map.path(), map.faults());
  const std::optional<std::string> id = at.choice("name", ids);
  return id ? catalogue.algorithm(*id) : nullptr;
}

}  // namespace

std::optional<AlgorithmChoice> read_algorithm(const Cursor& map, const Catalogue& catalogue) {
  const std::size_t before = map.faults().count();
  const AlgorithmInfo* info = read_name(map, catalogue);
  if (info == nullptr) return std::nullopt;
  check_keys(map, fields_of(*info));
  AlgorithmChoice choice;
  choice.name = info->id;
  if (const Entry* tiles = map.node().entry("tiles")) {
    read_tiles(map.child(*tiles), *info, choice.tiles);
  }
  choice.params = read_params(map, info->params);
  if (map.faults().count() > before) return std::nullopt;
  return choice;
}

std::vector<FieldDoc> algorithm_fields() {
  return {
      {.key = "name",
       .type = "an algorithm",
       .required = true,
       .doc = "see attnsim list algorithms"},
      {.key = "tiles",
       .type = "automatic, released, fit, paper, or a map of sizes such as {Br: 64, Bc: 128}",
       .fallback = "automatic",
       .doc =
           "released: the released kernel's table; fit: the least I/O that fits, solved exactly; "
           "paper: the paper's formula; automatic: released where the table has the case, else "
           "fit"},
  };
}

}  // namespace attnsim::config
