#include "sim/trace/algorithm.h"

#include "sim/trace/mask_generator.h"

namespace attnsim {

Catalogue algorithm_catalogue() {
  Catalogue catalogue;
  const auto& registry = AlgorithmRegistry::instance();
  for (const std::string& id : registry.names()) {
    catalogue.algorithms.push_back(registry.find(id)->factory().info);
  }
  catalogue.masks = mask_catalogue();
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

NamedSizes Schedule::named_tiles() const {
  NamedSizes all = tiles_.named();
  for (const ChosenTiles& chosen : further_tiles_) {
    for (const auto& size : chosen.named()) all.push_back(size);
  }
  return all;
}

}  // namespace attnsim
