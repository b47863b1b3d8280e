// How many cases a test goes through. Sanitizers make each many times slower, and look for faults
// that do not need them all: builds with them take an eighth. All others take all.
#pragma once

#include <cstddef>
#include <vector>

namespace attnsim::test {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr std::size_t kThinning = 8;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
inline constexpr std::size_t kThinning = 8;
#else
inline constexpr std::size_t kThinning = 1;
#endif
#else
inline constexpr std::size_t kThinning = 1;
#endif

/// Of so many random cases.
constexpr std::size_t cases(std::size_t all) { return (all + kThinning - 1) / kThinning; }

/// The first of a list, the ninth and so on.
template <typename T>
std::vector<T> some_of(const std::vector<T>& all) {
  std::vector<T> out;
  for (std::size_t i = 0; i < all.size(); i += kThinning) out.push_back(all[i]);
  return out;
}

}  // namespace attnsim::test
