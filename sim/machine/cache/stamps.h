// Loops over the stamps of consecutive lines, for RecordLru.
//
// A stamp is the number of the last record that used the line, times 2, plus 1 where the line is
// dirty. Blocks of 16 have a constant trip count, so that compilers make vector code of them.
#pragma once

#include <cstdint>

namespace attnsim::machine::stamps {

using Stamp = std::int32_t;

inline constexpr Stamp kAbsent = 0;
/// Records are numbered from here on.
inline constexpr Stamp kFirstRecord = 1;
inline constexpr Stamp kFirstPresent = kFirstRecord * 2;

namespace detail {

/// Adds up f over the stamps.
template <class F>
inline std::uint32_t sum(Stamp* stamp, std::uint32_t count, F f) {
  constexpr std::uint32_t kBlock = 16;
  std::uint32_t total = 0;
  for (; count >= kBlock; stamp += kBlock, count -= kBlock) {
    std::int32_t part = 0;
    for (std::uint32_t i = 0; i < kBlock; ++i) part += f(stamp[i]);
    total += static_cast<std::uint32_t>(part);
  }
  for (std::uint32_t i = 0; i < count; ++i) total += static_cast<std::uint32_t>(f(stamp[i]));
  return total;
}

}  // namespace detail

/// How many of the lines are not in the cache.
inline std::uint32_t absent(Stamp* stamp, std::uint32_t count) {
  return detail::sum(stamp, count, [](Stamp& s) { return s < kFirstPresent ? 1 : 0; });
}

/// The lines are used by a record; `fresh` is twice its number, plus 1 if it writes.
inline void use(Stamp* stamp, std::uint32_t count, Stamp fresh) {
  detail::sum(stamp, count, [fresh](Stamp& s) {
    s = fresh | (s & 1);
    return 0;
  });
}

/// The lines that no other record used since leave. Returns how many * 2^16 + dirty ones of them;
/// REQUIRES count < 2^15.
inline std::uint32_t evict(Stamp* stamp, std::uint32_t count, Stamp record) {
  return detail::sum(stamp, count, [record](Stamp& s) {
    const bool mine = s >> 1 == record;
    const Stamp lines = mine ? (1 << 16) + (s & 1) : 0;
    s = mine ? kAbsent : s;
    return lines;
  });
}

/// The record is renumbered; how many lines are still its own.
inline std::uint32_t renumber(Stamp* stamp, std::uint32_t count, Stamp from, Stamp to) {
  return detail::sum(stamp, count, [from, to](Stamp& s) {
    const bool mine = s >> 1 == from;
    s = mine ? to * 2 + (s & 1) : s;
    return mine ? 1 : 0;
  });
}

}  // namespace attnsim::machine::stamps
