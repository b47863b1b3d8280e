#include "sim/core/run_spec.h"

namespace attnsim {

std::string_view name(TileRule rule) {
  constexpr std::string_view kNames[] = {"automatic", "released", "fit", "paper", "explicit"};
  return kNames[static_cast<int>(rule)];
}

const AlgorithmInfo* Catalogue::algorithm(std::string_view id) const {
  for (const AlgorithmInfo& info : algorithms) {
    if (info.id == id) return &info;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::algorithm_ids() const {
  std::vector<std::string> out;
  for (const AlgorithmInfo& info : algorithms) out.push_back(info.id);
  return out;
}

}  // namespace attnsim
