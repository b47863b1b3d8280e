// Random accesses for cache tests: few lines, so that they meet again; three arrays, one tag each,
// the last one at addresses near 2^64; reads, covering and partial writes; repeated and strided
// runs.
#pragma once

#include <cstdint>
#include <vector>

#include <rapidcheck.h>

#include "sim/machine/cache/cache.h"

namespace attnsim::test {

inline constexpr std::uint64_t kArrayUnits = 64;
inline constexpr std::uint16_t kArrays = 3;

inline std::uint64_t array_base(std::uint16_t tag) {
  return tag == 2 ? ~std::uint64_t{0} - 4 * kArrayUnits + 1 : tag * kArrayUnits;
}

/// Shrinks to fewer accesses, then to shorter ones at lower addresses.
inline rc::Gen<std::vector<machine::LineAccess>> random_accesses(std::uint64_t longest) {
  const auto kinds = rc::gen::weightedElement<int>({{4, 0}, {2, 1}, {1, 2}});
  const auto parts = rc::gen::tuple(rc::gen::inRange<std::uint16_t>(0, kArrays),
                                    rc::gen::inRange<std::uint64_t>(0, kArrayUnits),
                                    rc::gen::inRange<std::uint64_t>(1, longest + 1), kinds);
  const auto access = rc::gen::map(parts, [](const auto& p) {
    const auto [tag, first, count, kind] = p;
    machine::LineAccess a;
    a.lines = {array_base(tag) + first, std::min(count, kArrayUnits - first)};
    a.write = kind > 0;
    a.covers_lines = kind < 2;
    a.tag = tag;
    return a;
  });
  return rc::gen::container<std::vector<machine::LineAccess>>(access);
}

}  // namespace attnsim::test
