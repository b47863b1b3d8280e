#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

CacheCounts& CacheCounts::operator+=(const CacheCounts& o) {
  accesses += o.accesses;
  hits += o.hits;
  misses += o.misses;
  read_misses += o.read_misses;
  write_misses += o.write_misses;
  cold += o.cold;
  capacity += o.capacity;
  conflict += o.conflict;
  fills += o.fills;
  evictions += o.evictions;
  write_backs += o.write_backs;
  final_dirty += o.final_dirty;
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
