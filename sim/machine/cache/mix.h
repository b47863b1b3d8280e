// Hashing 64-bit words, the same on every machine.
#pragma once

#include <cstdint>

namespace attnsim::machine {

/// A bijection: the finaliser of MurmurHash3 (Appleby, 2011) after adding the golden ratio, so that
/// 0 does not map to 0.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCD;
  x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53;
  return x ^ (x >> 33);
}

/// floor(bits / 2^64 * n): a hash to one of n values, without division. REQUIRES: n <= 2^32.
constexpr std::uint64_t scaled(std::uint64_t bits, std::uint64_t n) {
  return (bits >> 32) * n >> 32;
}

}  // namespace attnsim::machine
