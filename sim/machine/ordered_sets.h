// Sets whose ways are kept in the order of replacement: LRU and FIFO with few ways and no sectors.
// The fast store: one 64-bit word per way (key, tag, dirty bit), newest first, no other state.
//
// Equal words mean equal sets, so SetCache finds equal neighbours by comparing memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "sim/machine/set_touch.h"

namespace attnsim::machine {

class OrderedSets {
 public:
  /// Finding a line looks at all ways, so more would be slow (and are correct).
  static constexpr std::uint32_t kMostWays = 64;

  OrderedSets(std::uint32_t sets, std::uint32_t ways, bool moves_on_hit)
      : ways_(ways), moves_on_hit_(moves_on_hit), words_(std::size_t{sets} * ways, kEmpty) {}

  Touched touch(std::uint32_t set, const Touch& t) {
    std::uint64_t* words = at(set);
    const std::uint64_t want = pack(t.key, t.tag);
    const std::uint64_t dirty = t.dirties ? 1 : 0;
    if ((words[0] & ~kDirty) == want) {
      words[0] |= dirty;
      return {};
    }
    if (!moves_on_hit_ || !t.allocates) {
      const std::uint32_t way = find(words, want);
      if (way < ways_) return hit(words, way, dirty);
      if (!t.allocates) return {1, false, {}};
    }
    return insert(words, want, dirty);
  }

  /// True when the touch is a hit that changes nothing.
  bool settled(std::uint32_t set, const Touch& t) const {
    const std::uint64_t first = at(set)[0];
    return (first & ~kDirty) == pack_known(t.key, t.tag) && (!t.dirties || (first & kDirty) != 0);
  }

  /// Empties the way that holds the line, and says what it was.
  Victim invalidate(std::uint32_t set, std::uint64_t key, std::uint16_t tag);
  bool mark_dirty(std::uint32_t set, std::uint64_t key, std::uint16_t tag);

  void copy(std::uint32_t from, std::uint32_t to) { std::copy_n(at(from), ways_, at(to)); }

  /// Compares the oldest first: neighbours that differ mostly differ there.
  bool same(std::uint32_t a, std::uint32_t b) const {
    const std::uint64_t* x = at(a);
    const std::uint64_t* y = at(b);
    for (std::uint32_t way = ways_; way-- > 0;) {
      if (x[way] != y[way]) return false;
    }
    return true;
  }

  /// Calls visit(Victim) for every dirty line of the set and makes it clean.
  template <typename Visit>
  void clean(std::uint32_t set, Visit visit) {
    std::uint64_t* words = at(set);
    for (std::uint32_t way = 0; way < ways_; ++way) {
      if (words[way] == kEmpty || (words[way] & kDirty) == 0) continue;
      visit(victim(words[way]));
      words[way] &= ~kDirty;
    }
  }

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static constexpr std::uint64_t kDirty = 1;
  static constexpr int kKeyShift = 17;  // key, 16 bits of tag, dirty bit
  /// Larger keys are numbered from here on as they come.
  static constexpr std::uint64_t kFirstNumbered = std::uint64_t{1} << 46;

  std::uint64_t* at(std::uint32_t set) { return words_.data() + std::size_t{set} * ways_; }
  const std::uint64_t* at(std::uint32_t set) const {
    return words_.data() + std::size_t{set} * ways_;
  }

  std::uint64_t pack(std::uint64_t key, std::uint16_t tag) {
    if (key >= kFirstNumbered) key = numbered(key);
    return key << kKeyShift | std::uint64_t{tag} << 1;
  }

  std::uint64_t pack_known(std::uint64_t key, std::uint16_t tag) const {
    if (key >= kFirstNumbered) return kEmpty;
    return key << kKeyShift | std::uint64_t{tag} << 1;
  }

  std::uint64_t numbered(std::uint64_t key);

  Victim victim(std::uint64_t word) const {
    if (word == kEmpty) return {};
    std::uint64_t key = word >> kKeyShift;
    if (key >= kFirstNumbered) key = large_keys_[key - kFirstNumbered];
    return {key, static_cast<std::uint16_t>(word >> 1), 1, static_cast<UnitMask>(word & kDirty)};
  }

  std::uint32_t find(const std::uint64_t* words, std::uint64_t want) const {
    std::uint32_t way = 0;
    while (way < ways_ && (words[way] & ~kDirty) != want) ++way;
    return way;
  }

  Touched hit(std::uint64_t* words, std::uint32_t way, std::uint64_t dirty) const {
    words[way] |= dirty;
    if (moves_on_hit_) std::rotate(words, words + way, words + way + 1);
    return {};
  }

  /// Puts the line first and moves the others back, up to its old place or the one that falls out.
  Touched insert(std::uint64_t* words, std::uint64_t want, std::uint64_t dirty) const {
    std::uint64_t carried = want | dirty;
    for (std::uint32_t way = 0; way < ways_; ++way) {
      std::swap(carried, words[way]);
      if ((carried & ~kDirty) == want) {
        words[0] |= carried & kDirty;
        return {};
      }
    }
    return {1, true, victim(carried)};
  }

  std::uint32_t ways_;
  bool moves_on_hit_;
  std::vector<std::uint64_t> words_;
  std::unordered_map<std::uint64_t, std::uint64_t> numbers_;
  std::vector<std::uint64_t> large_keys_;
};

}  // namespace attnsim::machine
