// What attnsim schedule answers, as plain data: the best loop nest at each size of the fast memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/run_spec.h"
#include "sim/core/units.h"

namespace attnsim {

/// Sizes are in words of the two-level machine.
struct ScheduleRow {
  Words m_words{};           // of fast memory
  AlgorithmChoice choice{};  // what moves least: a nest of the family or a published algorithm
  Words words{};             // that it moves
  Words footprint{};         // that it holds
  std::uint64_t nests = 0;   // whose words were evaluated

  std::string bound{};     // id of the largest lower bound that applies to it
  double bound_words = 0;  // 0: none
  double over_bound() const {
    return bound_words > 0 ? static_cast<double>(words.count) / bound_words : 0;
  }

  /// The published algorithm that moves least, with its best tiles; absent where none fits.
  std::optional<AlgorithmChoice> published{};
  Words published_words{};
  /// What it moves over what the choice moves.
  double gain() const {
    return static_cast<double>(published_words.count) / static_cast<double>(words.count);
  }
};

struct ScheduleReport {
  std::string workload{};           // in one line
  std::vector<ScheduleRow> rows{};  // by m_words; sizes that hold no nest are left out
};

}  // namespace attnsim
