#include "sim/trace/algorithm.h"

namespace attnsim {

Catalogue algorithm_catalogue() {
  Catalogue catalogue;
  const auto& registry = AlgorithmRegistry::instance();
  for (const std::string& id : registry.names()) {
    catalogue.algorithms.push_back(registry.find(id)->factory().info);
  }
  return catalogue;
}

Algorithm find_algorithm(const std::string& id) {
  const auto* entry = AlgorithmRegistry::instance().find(id);
  ATTNSIM_CHECK(entry != nullptr, "algorithm '" + id + "' is not registered");
  return entry->factory();
}

TileSizes Schedule::choose_nest(const PlanRequest& r, const TileModel& model) {
  const bool first = tiles_.names.empty();
  const std::size_t nest = first ? 0 : further_tiles_.size() + 1;
  ChosenTiles& chosen = first ? tiles_ : further_tiles_.emplace_back();
  chosen = choose_tiles(r.choice.tiles, r.info, model, r.target, nest);
  return chosen.sizes;
}

std::vector<std::pair<std::string, std::int64_t>> Schedule::named_tiles() const {
  std::vector<std::pair<std::string, std::int64_t>> named;
  const auto add = [&](const ChosenTiles& chosen) {
    if (chosen.names.size() != 2) return;  // the schedule chose none
    named.emplace_back(chosen.names[0], chosen.sizes.first);
    named.emplace_back(chosen.names[1], chosen.sizes.second);
  };
  add(tiles_);
  for (const ChosenTiles& chosen : further_tiles_) add(chosen);
  return named;
}

}  // namespace attnsim
