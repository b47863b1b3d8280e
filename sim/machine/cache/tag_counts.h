// The counters of a cache model, one set per tag.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

/// A model adds to accesses, read_misses, write_misses, cold, fills, evictions, write_backs and
/// final_dirty; hits, misses and capacity follow from them when they are asked for.
class TagCounts {
 public:
  /// Valid until the next call with a greater tag.
  CacheCounts& of(std::uint16_t tag) {
    if (tag >= counts_.size()) counts_.resize(tag + std::size_t{1});
    return counts_[tag];
  }

  TagCounts& operator+=(const TagCounts& other) {
    if (counts_.size() < other.counts_.size()) counts_.resize(other.counts_.size());
    for (std::size_t tag = 0; tag < other.counts_.size(); ++tag) counts_[tag] += other.counts_[tag];
    return *this;
  }

  CacheCounts totals(std::uint16_t tag) const {
    CacheCounts c = tag < counts_.size() ? counts_[tag] : CacheCounts{};
    c.misses = c.read_misses + c.write_misses;
    c.hits = c.accesses - c.misses;
    c.capacity = c.misses - c.cold;
    return c;
  }

 private:
  std::vector<CacheCounts> counts_ = std::vector<CacheCounts>(1);
};

}  // namespace attnsim::machine
