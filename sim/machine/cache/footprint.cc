#include "sim/machine/cache/footprint.h"

#include <algorithm>
#include <bit>

namespace attnsim::machine {

Footprint::Page& Footprint::page(std::uint64_t number) {
  Recent& recent = recent_[number % recent_.size()];
  if (recent.page == nullptr || recent.number != number) {
    std::unique_ptr<Page>& page = pages_[number];
    if (page == nullptr) page = std::make_unique<Page>();
    recent = {number, page.get()};
  }
  return *recent.page;
}

std::uint64_t Footprint::add_all(LineRun lines) {
  std::uint64_t added = 0;
  while (lines.count > 0) {
    const std::uint64_t bit = lines.first % 64;
    const std::uint64_t n = std::min(lines.count, 64 - bit);
    const std::uint64_t mask = (~std::uint64_t{0} >> (64 - n)) << bit;
    std::uint64_t& word = page(lines.first / kPageLines)[lines.first % kPageLines / 64];
    if ((mask & ~word) != 0) {
      added += static_cast<std::uint64_t>(std::popcount(mask & ~word));
      word |= mask;
    }
    lines.first += n;
    lines.count -= n;
  }
  size_ += added;
  return added;
}

}  // namespace attnsim::machine
