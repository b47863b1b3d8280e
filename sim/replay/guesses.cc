#include "sim/replay/guesses.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace attnsim::replay {
namespace {

bool touches_time(std::string_view path) {
  constexpr std::array<std::string_view, 3> kSections = {"units.", "core.", "load."};
  constexpr std::array<std::string_view, 4> kValues = {"clock", "cores", "launch", "launch_next"};
  // Sustained rates end so, too: memories.hbm.read_bandwidth.
  return std::any_of(kSections.begin(), kSections.end(),
                     [&](std::string_view section) { return path.starts_with(section); }) ||
         std::find(kValues.begin(), kValues.end(), path) != kValues.end() ||
         path.ends_with("bandwidth") || path.ends_with(".latency");
}

}  // namespace

void name_guesses(Result& result) {
  std::vector<std::string>& named = result.provenance.estimated_inputs;
  named.clear();
  for (const std::string& path : result.run.machine.estimated) {
    if (path.ends_with(".capacity") || (!result.energy.empty() && path.ends_with(".energy")) ||
        (result.time && touches_time(path))) {
      named.push_back(path);
    }
  }
}

}  // namespace attnsim::replay
