// 64 neighbouring lines as the bits of one word.
#pragma once

#include <bit>
#include <cstdint>

namespace attnsim::machine {

/// Bits [begin, begin + count) of a word. REQUIRES: 1 <= count <= 64 - begin.
constexpr std::uint64_t bit_run(std::uint32_t begin, std::uint64_t count) {
  return (~std::uint64_t{0} >> (64 - count)) << begin;
}

/// How many bits of a part of `whole` are set, where `whole` has `all`. A part is mostly nothing or
/// everything, and without hardware support counting is a call.
inline std::uint32_t count_of_part(std::uint64_t part, std::uint64_t whole, std::uint32_t all) {
  if (part == 0) return 0;
  return part == whole ? all : static_cast<std::uint32_t>(std::popcount(part));
}

/// Calls visit(begin, count) for every run of set bits, ascending.
template <class Visit>
void for_each_bit_run(std::uint64_t bits, Visit&& visit) {
  while (bits != 0) {
    const auto begin = static_cast<std::uint32_t>(std::countr_zero(bits));
    const auto count = static_cast<std::uint32_t>(std::countr_one(bits >> begin));
    visit(begin, count);
    bits &= ~bit_run(begin, count);
  }
}

}  // namespace attnsim::machine
