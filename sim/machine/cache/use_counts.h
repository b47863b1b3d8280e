// For every line of a page, how often it stands in the queue of a RecordLru, 64 lines at a time.
//
// A line is in the cache while it stands in the queue. The number of times is kept in bit planes:
// one says that it is there at all, the others count the times beyond the first, a binary digit
// each. Most words have nothing to count, which is one bit per word.
#pragma once

#include <array>
#include <cstdint>

#include "sim/machine/cache/page.h"

namespace attnsim::machine {

class UseCounts {
 public:
  static constexpr std::uint32_t kWords = kPageLines / 64;

  std::uint64_t present(std::uint32_t word) const { return present_[word]; }
  std::uint64_t dirty(std::uint32_t word) const { return dirty_[word]; }

  /// Lines that can be counted no further.
  std::uint64_t full(std::uint32_t word) const {
    if (!is_repeated(word)) return 0;
    std::uint64_t all = ~std::uint64_t{0};
    for (const auto& digit : more_) all &= digit[word];
    return all;
  }

  /// The lines stand once more in the queue. REQUIRES: none of them is full.
  void add(std::uint32_t word, std::uint64_t lines, bool dirties) {
    if (dirties) dirty_[word] |= lines;
    std::uint64_t carry = lines & present_[word];
    present_[word] |= lines;
    if (carry == 0) return;
    repeated_ |= std::uint64_t{1} << word;
    for (std::size_t digit = 0; carry != 0; ++digit) {
      const std::uint64_t before = more_[digit][word];
      more_[digit][word] = before ^ carry;
      carry &= before;
    }
  }

  /// Those of the lines that stand in the queue just once.
  std::uint64_t single(std::uint32_t word, std::uint64_t lines) const {
    if (!is_repeated(word)) return lines;
    for (const auto& digit : more_) lines &= ~digit[word];
    return lines;
  }

  /// The lines stand once less in the queue; those of which that was the only time, `last`, leave.
  /// REQUIRES: all are present; last == single(word, lines).
  void remove(std::uint32_t word, std::uint64_t lines, std::uint64_t last) {
    present_[word] &= ~last;
    dirty_[word] &= ~last;
    std::uint64_t borrow = lines & ~last;
    for (std::size_t digit = 0; borrow != 0; ++digit) {
      const std::uint64_t before = more_[digit][word];
      more_[digit][word] = before ^ borrow;
      borrow &= ~before;
    }
  }

  void clean(std::uint32_t word) { dirty_[word] = 0; }

  // To count anew, from the newest entry of the queue to the oldest, and then in order.
  /// Takes those of the lines that were not yet taken.
  std::uint64_t take(std::uint32_t word, std::uint64_t lines) {
    const std::uint64_t taken = lines & present_[word];
    present_[word] &= ~taken;
    if (is_repeated(word)) {
      for (auto& digit : more_) digit[word] = 0;
      repeated_ &= ~(std::uint64_t{1} << word);
    }
    return taken;
  }
  void put_back(std::uint32_t word, std::uint64_t lines) { present_[word] |= lines; }

 private:
  static constexpr std::size_t kDigits = 6;

  /// Whether some line of the word may stand in the queue more than once.
  bool is_repeated(std::uint32_t word) const { return (repeated_ >> word & 1U) != 0; }

  std::uint64_t repeated_ = 0;  // bit w: of word w
  std::array<std::uint64_t, kWords> present_{};
  std::array<std::uint64_t, kWords> dirty_{};
  std::array<std::array<std::uint64_t, kWords>, kDigits> more_{};  // least significant first
};

}  // namespace attnsim::machine
