#include "sim/app/hash.h"

#include <array>
#include <cstdint>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace attnsim::app {

namespace {

std::string hex(std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 16> out{};
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit) {
    *digit = kDigits[value & 0xF];
    value >>= 4;
  }
  return {out.data(), out.size()};
}

}  // namespace

std::string xxh64_hex(std::string_view text) { return hex(XXH64(text.data(), text.size(), 0)); }

std::string xxh128_hex(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return hex(hash.high64) + hex(hash.low64);
}

}  // namespace attnsim::app
