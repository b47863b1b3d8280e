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

const MaskInfo* Catalogue::mask(std::string_view name) const {
  for (const MaskInfo& info : masks) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

std::vector<std::string> Catalogue::mask_names() const {
  std::vector<std::string> out;
  for (const MaskInfo& info : masks) out.push_back(info.name);
  return out;
}

}  // namespace attnsim
