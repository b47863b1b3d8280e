// The counters of a cache model, one set per tag.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

/// A model adds to accesses, read_misses, write_misses, cold, conflict, fills, evictions,
/// write_backs and final_dirty; hits, misses and capacity follow from them when they are asked for.
class TagCounts {
 public:
  /// Valid until the next call with a greater tag.
  CacheCounts& of(std::uint16_t tag) {
    if (tag >= size_) [[unlikely]] {
      resize(tag + std::size_t{1});
    }
    return counts_[tag];
  }

  TagCounts& operator+=(const TagCounts& other) {
    if (size_ < other.size_) resize(other.size_);
    for (std::size_t tag = 0; tag < other.size_; ++tag) counts_[tag] += other.counts_[tag];
    return *this;
  }

  CacheCounts totals(std::uint16_t tag) const {
    CacheCounts c = tag < size_ ? counts_[tag] : CacheCounts{};
    c.misses = c.read_misses + c.write_misses;
    c.hits = c.accesses - c.misses;
    c.capacity = c.misses - c.cold - c.conflict;
    return c;
  }

 private:
  void resize(std::size_t size) {
    counts_.resize(size);
    size_ = size;
  }

  std::size_t size_ = 1;  // a vector would work it out by a division each time
  std::vector<CacheCounts> counts_ = std::vector<CacheCounts>(1);
};

}  // namespace attnsim::machine
