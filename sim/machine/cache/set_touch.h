// What a cache asks of one of its sets, and what the set answers. Both stores of sets (OrderedSets,
// PolicySets) keep this protocol; SetCache is written against it.
//
// A line is known to its set by a key (with modulo placement line / sets, else the line), and has
// up to 8 units (sectors), one bit each in a UnitMask; a line without sectors is one unit.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace attnsim::machine {

using UnitMask = std::uint8_t;

/// How many units. By table: without hardware support std::popcount is a call.
inline std::uint64_t unit_count(UnitMask units) {
  static constexpr auto kCounts = [] {
    std::array<std::uint8_t, 256> counts{};
    for (std::size_t i = 0; i < counts.size(); ++i) {
      counts[i] = static_cast<std::uint8_t>(std::popcount(i));
    }
    return counts;
  }();
  return kCounts[units];
}

struct Touch {
  std::uint64_t key = 0;
  std::uint16_t tag = 0;
  UnitMask units = 1;         // accessed; at least one
  bool dirties = false;       // a write that stays here
  bool allocates = true;      // missing units come to be here
  bool counts_as_use = true;  // false: the policy has already seen this use of the line
};

struct Victim {
  std::uint64_t key = 0;
  std::uint16_t tag = 0;
  UnitMask valid = 0;  // 0: nothing had to leave
  UnitMask dirty = 0;
};

struct Touched {
  UnitMask missing = 0;  // of the accessed units
  bool used = true;      // the policy was told, or had been
  Victim victim{};
};

}  // namespace attnsim::machine
