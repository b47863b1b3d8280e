#include "sim/machine/cache/touched_lines.h"

#include <bit>

namespace attnsim::machine {

std::uint64_t TouchedLines::mark(std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
  Page& page = pages_.get(number);
  if (page.untouched == 0) return 0;
  std::uint32_t fresh = 0;
  while (begin < end) {
    const std::uint32_t low = begin % 64;
    const std::uint32_t count = end - begin < 64 - low ? end - begin : 64 - low;
    const std::uint64_t mask = (~std::uint64_t{0} >> (64 - count)) << low;
    std::uint64_t& word = page.words[begin / 64];
    fresh += static_cast<std::uint32_t>(std::popcount(mask & ~word));
    word |= mask;
    begin += count;
  }
  page.untouched -= fresh;
  return fresh;
}

}  // namespace attnsim::machine
