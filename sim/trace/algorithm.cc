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

}  // namespace attnsim
