#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

CacheCounts& CacheCounts::operator+=(const CacheCounts& o) {
  for (const auto count : kCacheCounts) this->*count += o.*count;
  return *this;
}

void CacheModel::access(const RectAccess& rect) {
  LineAccess row = rect.row;
  for (std::uint64_t i = 0; i < rect.rows; ++i) {
    access(row);
    row.lines.first += rect.stride;
  }
}

}  // namespace attnsim::machine
