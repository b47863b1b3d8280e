// A set of points in time, 0 to n - 1, one bit each, with the latest found in a few word operations
// whatever n: above the bits, each level has one bit per non-zero word of the level below.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnsim::machine {

class TimeSet {
 public:
  explicit TimeSet(std::uint64_t n) {
    do {
      n = n / 64 + 1;
      levels_.emplace_back(n + 1);  // reading 64 bits from any point stays inside
    } while (n > 1);
  }

  /// Bit i of the answer: time + i is in the set. 1 <= count <= 64.
  std::uint64_t read(std::uint64_t time, std::uint64_t count) const {
    const std::vector<std::uint64_t>& words = levels_[0];
    const std::uint64_t shift = time % 64;
    std::uint64_t out = words[time / 64] >> shift;
    if (shift != 0) out |= words[time / 64 + 1] << (64 - shift);
    return out & (~std::uint64_t{0} >> (64 - count));
  }

  void insert(std::uint64_t time, std::uint64_t bits) {
    insert_word(time / 64, bits << (time % 64));
    if (time % 64 != 0) insert_word(time / 64 + 1, bits >> (64 - time % 64));
  }

  /// REQUIRES: the times are in the set.
  void erase(std::uint64_t time, std::uint64_t bits) {
    erase_word(time / 64, bits << (time % 64));
    if (time % 64 != 0) erase_word(time / 64 + 1, bits >> (64 - time % 64));
  }

  /// REQUIRES: not empty.
  std::uint64_t last() const {
    std::uint64_t at = 0;
    for (std::size_t level = levels_.size(); level-- > 0;) {
      at = at * 64 + 63 - static_cast<std::uint64_t>(std::countl_zero(levels_[level][at]));
    }
    return at;
  }

 private:
  void insert_word(std::uint64_t word, std::uint64_t bits) {
    if (bits == 0) return;
    for (std::vector<std::uint64_t>& level : levels_) {
      const std::uint64_t before = level[word];
      level[word] |= bits;
      if (before != 0) return;
      bits = std::uint64_t{1} << (word % 64);
      word /= 64;
    }
  }

  void erase_word(std::uint64_t word, std::uint64_t bits) {
    if (bits == 0) return;
    for (std::vector<std::uint64_t>& level : levels_) {
      level[word] &= ~bits;
      if (level[word] != 0) return;
      bits = std::uint64_t{1} << (word % 64);
      word /= 64;
    }
  }

  std::vector<std::vector<std::uint64_t>> levels_;
};

}  // namespace attnsim::machine
