// Sets whose ways are kept in the order of replacement: LRU and FIFO with few ways and no sectors.
// The fast store: one 64-bit word per way (key and tag), newest first, one word of dirty bits per
// set, no other state.
//
// Equal words mean equal sets, so SetCache finds equal neighbours by comparing memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "sim/machine/cache/set_touch.h"

namespace attnsim::machine {

class OrderedSets {
 public:
  /// Finding a line looks at all ways, so more would be slow (and are correct).
  static constexpr std::uint32_t kMostWays = 64;

  OrderedSets(std::uint32_t sets, std::uint32_t ways, bool moves_on_hit)
      : ways_(ways),
        stride_((ways + 3) / 4 * 4),
        all_ways_(~std::uint64_t{0} >> (64 - ways)),
        moves_on_hit_(moves_on_hit),
        words_(std::size_t{sets} * stride_, kEmpty),
        dirty_(sets) {}

  Touched touch(std::uint32_t set, const Touch& t) {
    const std::uint64_t want = pack(t.key, t.tag);
    const std::uint64_t dirty = t.dirties ? 1 : 0;
    const std::uint32_t way = find(at(set), want);
    if (way < ways_) {
      const bool moves = moves_on_hit_ && way > 0;
      if (moves) move_to_front(set, way, want);
      dirty_[set] |= moves ? dirty : dirty << way;
      return {};
    }
    if (!t.allocates) return {1, false, {}};
    const std::uint64_t oldest = at(set)[ways_ - 1];
    const std::uint64_t dirty_before = dirty_[set];
    std::memmove(at(set) + 1, at(set), (ways_ - 1) * sizeof(want));
    at(set)[0] = want;
    dirty_[set] = (dirty_before << 1 | dirty) & all_ways_;
    return {1, true, victim(oldest, dirty_before >> (ways_ - 1))};
  }

  /// True when the touch is a hit that changes nothing.
  bool settled(std::uint32_t set, const Touch& t) const {
    return t.key < kFirstNumbered && at(set)[0] == packed(t.key, t.tag) &&
           (!t.dirties || (dirty_[set] & 1) != 0);
  }

  /// Empties the way that holds the line, and says what it was.
  Victim invalidate(std::uint32_t set, std::uint64_t key, std::uint16_t tag);
  bool mark_dirty(std::uint32_t set, std::uint64_t key, std::uint16_t tag);

  void copy(std::uint32_t from, std::uint32_t to) {
    std::copy_n(at(from), ways_, at(to));
    dirty_[to] = dirty_[from];
  }

  /// Compares the oldest first: neighbours that differ mostly differ there.
  bool same(std::uint32_t a, std::uint32_t b) const {
    if (dirty_[a] != dirty_[b]) return false;
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
    for (std::uint32_t way = 0; way < ways_; ++way) {
      if ((dirty_[set] >> way & 1) != 0) visit(victim(set, way));
    }
    dirty_[set] = 0;
  }

  /// Appends the ways in their order: place(key, tag) of each line, and its tag and dirty bit.
  template <typename Place>
  void append_state(std::uint32_t set, std::vector<std::uint64_t>& out, Place place) const {
    for (std::uint32_t way = 0; way < ways_; ++way) {
      const Victim line = victim(set, way);
      out.push_back(line.valid != 0 ? place(line.key, line.tag) : 0);
      out.push_back(std::uint64_t{line.tag} << 2U | line.dirty << 1U | line.valid);
    }
  }

  /// Every key moves on by that of its tag.
  void translate(const std::vector<std::uint64_t>& keys_by_tag);

 private:
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  static constexpr int kKeyShift = 16;  // key, 16 bits of tag
  /// Larger keys are numbered from here on as they come.
  static constexpr std::uint64_t kFirstNumbered = std::uint64_t{1} << 47;

  std::uint64_t* at(std::uint32_t set) { return words_.data() + std::size_t{set} * stride_; }
  const std::uint64_t* at(std::uint32_t set) const {
    return words_.data() + std::size_t{set} * stride_;
  }

  static std::uint64_t packed(std::uint64_t key, std::uint16_t tag) {
    return key << kKeyShift | tag;
  }
  std::uint64_t pack(std::uint64_t key, std::uint16_t tag) {
    return packed(key < kFirstNumbered ? key : numbered(key), tag);
  }

  std::uint64_t numbered(std::uint64_t key);

  Victim victim(std::uint32_t set, std::uint32_t way) const {
    return victim(at(set)[way], dirty_[set] >> way);
  }
  /// Of a way's word; bit 0 of `dirty` is the way's.
  Victim victim(std::uint64_t word, std::uint64_t dirty) const {
    if (word == kEmpty) return {};
    std::uint64_t key = word >> kKeyShift;
    if (key >= kFirstNumbered) key = large_keys_[key - kFirstNumbered];
    return {key, static_cast<std::uint16_t>(word), 1, static_cast<UnitMask>(dirty & 1)};
  }

  /// At least ways_ when the line is not there.
  std::uint32_t find(const std::uint64_t* words, std::uint64_t want) const {
    for (std::uint32_t way = 0; way < stride_; way += 4) {
      if (words[way] == want) return way;
      if (words[way + 1] == want) return way + 1;
      if (words[way + 2] == want) return way + 2;
      if (words[way + 3] == want) return way + 3;
    }
    return stride_;
  }

  void set_dirty(std::uint32_t set, std::uint32_t way, bool dirty) {
    const std::uint64_t bit = std::uint64_t{1} << way;
    dirty_[set] = dirty ? dirty_[set] | bit : dirty_[set] & ~bit;
  }

  /// The word and the dirty bit of a way go to the front; those before it go back by one.
  void move_to_front(std::uint32_t set, std::uint32_t way, std::uint64_t word) {
    std::uint64_t* words = at(set);
    std::memmove(words + 1, words, way * sizeof(*words));
    words[0] = word;
    const std::uint64_t moved = (std::uint64_t{2} << way) - 1;  // ways 0 to way
    const std::uint64_t bits = dirty_[set];
    dirty_[set] = (bits & ~moved) | (bits << 1 & moved) | (bits >> way & 1);
  }

  std::uint32_t ways_;
  std::uint32_t stride_;    // words per set; those past the ways stay empty
  std::uint64_t all_ways_;  // a bit each
  bool moves_on_hit_;
  std::vector<std::uint64_t> words_;
  std::vector<std::uint64_t> dirty_;  // by set: bit of each way
  std::unordered_map<std::uint64_t, std::uint64_t> numbers_;
  std::vector<std::uint64_t> large_keys_;
};

}  // namespace attnsim::machine
