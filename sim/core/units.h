// Strong types for amounts of data, so that words and bytes cannot be mixed by accident.
//
// A word is one element of the workload's dtype. Both are exact unsigned 64-bit integers.
#pragma once

#include <compare>
#include <cstdint>

namespace attnsim {

template <typename Tag>
struct Amount {
  std::uint64_t count = 0;

  constexpr Amount() = default;
  constexpr explicit Amount(std::uint64_t n) : count(n) {}
  constexpr auto operator<=>(const Amount&) const = default;
  constexpr Amount& operator+=(Amount other) {
    count += other.count;
    return *this;
  }
  friend constexpr Amount operator+(Amount a, Amount b) { return Amount(a.count + b.count); }
};

using Bytes = Amount<struct BytesTag>;
using Words = Amount<struct WordsTag>;

/// Bytes as words of `word_bits` bits, rounded up (a one-byte mask under fp16 words).
constexpr Words to_words(Bytes bytes, int word_bits) {
  const auto bits = static_cast<std::uint64_t>(word_bits);
  return Words((bytes.count * 8 + bits - 1) / bits);
}

constexpr Bytes to_bytes(Words words, int word_bits) {
  return Bytes((words.count * static_cast<std::uint64_t>(word_bits) + 7) / 8);
}

}  // namespace attnsim
