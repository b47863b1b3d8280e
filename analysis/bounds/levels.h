// The boundaries that bounds speak of, and the M of each.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/core/result.h"

namespace attnsim::bounds {

/// What lies inside a boundary: `parts` memories of `m_words` words each, which exchange words only
/// across the boundary. Seen from the innermost memory outside the cores each core is a part, with
/// all its memories, registers included. Seen from further out there is one part: the caches and
/// all cores together.
struct Level {
  std::string memory;                      // the outer memory, which names the boundary
  std::optional<std::uint64_t> m_words{};  // absent: unlimited, or a capacity is unknown
  std::uint64_t parts = 1;
  bool cores = false;  // the parts are the cores
};

/// The boundaries outside the cores, from inner to outer. M is in elements of `element_bits`; a
/// capacity given in words is in words of `word_bits`. A memory that held more than its capacity (a
/// run that does not fit) is as large as what it held.
std::vector<Level> levels(const MachineSpec& machine, int word_bits, int element_bits,
                          const std::vector<FootprintRow>& footprint);

}  // namespace attnsim::bounds
