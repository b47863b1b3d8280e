// Accesses made of random words, for tests that compare cache models.
//
// A word is one access, so that a shrunk list of words is a smaller trace. Traces mix what tiles
// do: loads and stores of overlapping segments of few and of many lines, strided rectangles, sweeps
// that are repeated in the same order (with which a capacity just below a reuse distance chases its
// own tail), and lines at the end of a page and far away.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "sim/machine/cache/cache.h"

namespace attnsim::test {

/// A line has the tag of its region, and an access stays within one region. Regions have 96 lines;
/// the last one has room for a matrix.
inline machine::RectAccess random_access(std::uint64_t word) {
  std::uint64_t bits = word * 0x9e3779b97f4a7c15U;
  const auto pick = [&bits](std::uint64_t below) {
    const std::uint64_t value = (bits >> 40U) % below;
    bits = (bits ^ (bits >> 31U)) * 0xbf58476d1ce4e5b9U;
    return value;
  };
  constexpr std::uint64_t kRegion = 96;
  constexpr std::uint64_t kBases[] = {4096 * 5 - 40, 4096 * 5 + 56, 4096 * 9,
                                      std::uint64_t{1} << 57U};
  constexpr std::uint16_t kTall = 3;
  const std::uint64_t region = pick(8) < 5 ? 0 : pick(4);
  machine::RectAccess out;
  out.row.tag = static_cast<std::uint16_t>(region);
  out.row.write = pick(3) == 0;
  out.row.covers_lines = pick(4) != 0;
  std::uint64_t first = 0;
  switch (pick(8)) {
    case 0:  // the whole region
      out.row.lines.count = kRegion;
      break;
    case 1:  // a tile
      first = pick(6) * 16;
      out.row.lines.count = 16;
      break;
    case 2:  // rows of a tile
      first = pick(8);
      out.row.lines.count = 1 + pick(3);
      out.rows = 1 + pick(8);
      out.stride = pick(8) + (out.row.lines.count > 2 ? 3 : 2);
      break;
    case 6:  // of a matrix whose rows are a power of two of lines, some of them on the next page
    case 7: {
      const std::uint64_t row = std::uint64_t{16} << pick(4);
      out.row.tag = kTall;
      const bool whole = pick(3) == 0;
      out.row.lines.count = whole ? row : 1 + pick(4);
      out.row.lines.first = kBases[kTall] + pick(8) * row + (whole ? 0 : pick(6) * 2);
      out.rows = whole ? 1 + pick(3) : 1 + pick(40);
      out.stride = row;
      return out;
    }
    case 3:  // a few lines
      first = pick(kRegion - 4);
      out.row.lines.count = 1 + pick(4);
      break;
    default:
      first = pick(kRegion);
      out.row.lines.count = 1 + pick(kRegion - first);
  }
  out.row.lines.first = kBases[region] + first;
  return out;
}

/// Half of the traces repeat one sweep, with few other accesses in between.
inline std::vector<machine::RectAccess> random_trace(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<machine::RectAccess> sweep(1 + random() % 6);
  for (auto& access : sweep) access = random_access(random());
  const bool cyclic = random() % 2 == 0;
  std::vector<machine::RectAccess> out;
  const std::size_t length = 4 + random() % 40;
  while (out.size() < length) {
    if (cyclic && random() % 4 != 0) {
      out.insert(out.end(), sweep.begin(), sweep.end());
    } else {
      out.push_back(random_access(random()));
    }
  }
  return out;
}

}  // namespace attnsim::test
