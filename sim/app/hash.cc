#include "sim/app/hash.h"

#include <array>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace attnsim::app {

std::string xxh64_hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::array<char, 16> out{};
  XXH64_hash_t hash = XXH64(text.data(), text.size(), 0);
  for (auto digit = out.rbegin(); digit != out.rend(); ++digit) {
    *digit = kDigits[hash & 0xF];
    hash >>= 4;
  }
  return {out.data(), out.size()};
}

}  // namespace attnsim::app
