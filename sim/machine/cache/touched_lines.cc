#include "sim/machine/cache/touched_lines.h"

#include <algorithm>

namespace attnsim::machine {

std::uint64_t TouchedLines::mark(std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
  Page& page = pages_.get(number);
  std::uint64_t fresh = 0;
  while (begin < end && page.untouched != 0) {
    const std::uint32_t count = std::min(end - begin, 64 - begin % 64);
    fresh += page.mark(begin / 64, bit_run(begin % 64, count), count);
    begin += count;
  }
  return fresh;
}

}  // namespace attnsim::machine
