// A set of lines of one page as a two-level bitmap: membership, and the nearest member on either
// side, in two or three word operations.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "sim/machine/cache/page.h"

namespace attnsim::machine {

class LineBitmap {
 public:
  static constexpr std::uint32_t kWords = kPageLines / 64;
  static constexpr std::uint32_t kNone = kPageLines;

  bool empty() const { return summary_ == 0; }
  bool test(std::uint32_t line) const { return ((words_[line / 64] >> (line % 64)) & 1U) != 0; }
  std::uint64_t word(std::uint32_t index) const { return words_[index]; }

  void set(std::uint32_t line) {
    words_[line / 64] |= bit(line % 64);
    summary_ |= bit(line / 64);
  }
  void clear(std::uint32_t line) {
    const std::uint64_t word = words_[line / 64] &= ~bit(line % 64);
    if (word == 0) summary_ &= ~bit(line / 64);
  }

  /// The greatest member <= line, or kNone.
  std::uint32_t at_or_before(std::uint32_t line) const {
    std::uint32_t index = line / 64;
    std::uint64_t word = words_[index] & (~std::uint64_t{0} >> (63 - line % 64));
    if (word == 0) {
      const std::uint64_t lower = summary_ & (bit(index) - 1);
      if (lower == 0) return kNone;
      index = 63 - static_cast<std::uint32_t>(std::countl_zero(lower));
      word = words_[index];
    }
    return index * 64 + 63 - static_cast<std::uint32_t>(std::countl_zero(word));
  }

  /// The least member > line, or kNone.
  std::uint32_t after(std::uint32_t line) const {
    std::uint32_t index = line / 64;
    std::uint64_t word = words_[index] & (~std::uint64_t{1} << (line % 64));
    if (word == 0) {
      const std::uint64_t upper = summary_ & (~std::uint64_t{1} << index);
      if (upper == 0) return kNone;
      index = static_cast<std::uint32_t>(std::countr_zero(upper));
      word = words_[index];
    }
    return index * 64 + static_cast<std::uint32_t>(std::countr_zero(word));
  }

 private:
  static std::uint64_t bit(std::uint32_t index) { return std::uint64_t{1} << index; }

  std::uint64_t summary_ = 0;  // bit w: word w has members
  std::array<std::uint64_t, kWords> words_{};
};

}  // namespace attnsim::machine
