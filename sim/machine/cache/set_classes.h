// A partition of the sets of a cache into intervals, the classes: all sets of a class are in equal
// states, so the cache keeps and updates one of them, the first, for all.
//
// With modulo placement a run of consecutive lines meets consecutive sets, one line each, and a
// tile meets many sets in the same way. The idea of simulating equal sets once is that of warping
// cache simulation (Morelli and Reineke, PLDI 2022); here classes are split and merged as runs go
// by.
//
// One bit per set marks the first set of a class; a second level marks the words that have one.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

namespace attnsim::machine {

class SetClasses {
 public:
  /// One class of all sets.
  explicit SetClasses(std::uint32_t sets)
      : sets_(sets), words_(sets / 64 + 1), summary_(words_.size() / 64 + 1) {
    add(0);
  }

  /// The first set of the class that `set` is in.
  std::uint32_t start_of(std::uint32_t set) const {
    const std::uint64_t here = words_[set / 64] << (63 - set % 64);
    if (here != 0) return set - static_cast<std::uint32_t>(std::countl_zero(here));
    const std::uint32_t word = last_at_most(summary_, set / 64 - 1);
    return word * 64 + 63 - static_cast<std::uint32_t>(std::countl_zero(words_[word]));
  }

  /// The set after the last one of the class that starts at `start`.
  std::uint32_t end_of(std::uint32_t start) const {
    const std::uint64_t here = words_[start / 64] >> (start % 64) >> 1;
    if (here != 0) return start + 1 + static_cast<std::uint32_t>(std::countr_zero(here));
    std::uint32_t word = start / 64 + 1;
    if (word >= words_.size()) return sets_;
    std::uint64_t marks = summary_[word / 64] >> (word % 64);
    if (marks == 0) {
      std::uint32_t s = word / 64 + 1;
      while (s < summary_.size() && summary_[s] == 0) ++s;
      if (s == summary_.size()) return sets_;
      word = s * 64;
      marks = summary_[s];
    }
    word += static_cast<std::uint32_t>(std::countr_zero(marks));
    return word * 64 + static_cast<std::uint32_t>(std::countr_zero(words_[word]));
  }

  /// A class starts at `set` from now on.
  void add(std::uint32_t set) {
    words_[set / 64] |= std::uint64_t{1} << (set % 64);
    summary_[set / 64 / 64] |= std::uint64_t{1} << (set / 64 % 64);
  }

  /// The class that starts at `set` joins the one before. REQUIRES: set > 0.
  void remove(std::uint32_t set) {
    words_[set / 64] &= ~(std::uint64_t{1} << (set % 64));
    if (words_[set / 64] == 0) summary_[set / 64 / 64] &= ~(std::uint64_t{1} << (set / 64 % 64));
  }

 private:
  /// The highest marked position <= at. REQUIRES: there is one.
  static std::uint32_t last_at_most(const std::vector<std::uint64_t>& marks, std::uint32_t at) {
    std::uint32_t word = at / 64;
    std::uint64_t bits = marks[word] << (63 - at % 64);
    if (bits != 0) return at - static_cast<std::uint32_t>(std::countl_zero(bits));
    do {
      bits = marks[--word];
    } while (bits == 0);
    return word * 64 + 63 - static_cast<std::uint32_t>(std::countl_zero(bits));
  }

  std::uint32_t sets_;
  std::vector<std::uint64_t> words_;
  std::vector<std::uint64_t> summary_;
};

}  // namespace attnsim::machine
