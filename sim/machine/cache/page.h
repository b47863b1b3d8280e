// Pages: what the cache models cut the line space into.
//
// A model keeps what it knows about lines by page, and makes a page when one of its lines is first
// touched.
#pragma once

#include <cstdint>

#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

/// 64 words of 64 bits: within a page every search in a bitmap is two word operations.
inline constexpr std::uint32_t kPageLines = 4096;

/// Calls part(page number, begin, end) for the part [begin, end) of each page that the run touches,
/// in ascending order. The run must not pass the end of the line space.
template <class Part>
void for_each_page(LineRun lines, Part&& part) {
  while (lines.count != 0) {
    const auto begin = static_cast<std::uint32_t>(lines.first % kPageLines);
    const std::uint64_t room = kPageLines - begin;
    const std::uint64_t count = lines.count < room ? lines.count : room;
    part(lines.first / kPageLines, begin, begin + static_cast<std::uint32_t>(count));
    lines.first += count;
    lines.count -= count;
  }
}

}  // namespace attnsim::machine
