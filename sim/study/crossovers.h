// Which of several algorithms moves least, and from which size of the fast memory on.
//
// What an algorithm moves with its best tiles falls in steps as M grows and never rises: more room
// only adds tiles to choose from. Two such curves can still cross many times, where the steps of
// one lie between those of the other. All that is found here is exact to the word of M, and rests
// on nothing but the fall: between two sizes a curve lies between its values at both, so a stretch
// is cut in two only where those values leave the answer open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace attnsim::study {

/// Words moved through a fast memory of `m` words. Never rises with m.
using FallingWords = std::function<std::uint64_t(std::uint64_t m)>;

/// Of an algorithm that does not fit.
inline constexpr std::uint64_t kCannotRun = UINT64_MAX;

/// Sizes of the fast memory in words, both ends included. REQUIRES: from <= to.
struct SizeRange {
  std::uint64_t from = 1, to = 1;
};

/// From here up to the next stretch the same of the algorithms move the fewest words.
struct Stretch {
  std::uint64_t from = 0;
  std::vector<std::size_t> least{};  // their indices, ascending; none where nothing can run
  bool operator==(const Stretch&) const = default;
};

/// The whole range, in as few stretches as it takes; the first begins at range.from.
std::vector<Stretch> least_stretches(const std::vector<FallingWords>& algorithms, SizeRange range);

/// At some size b moved less than a; from `from` to the end of the range a moves no more than b,
/// and somewhere there less.
struct Overtaking {
  std::uint64_t from = 0;
  std::uint64_t first = 0;  // the least size at which a moves no more than b; up to `from` it may
                            // again move more
  bool operator==(const Overtaking&) const = default;
};

/// Of a over b. Empty when there is none: then a and b move the same, or one is never behind, or b
/// overtakes a.
std::optional<Overtaking> overtaking(const FallingWords& a, const FallingWords& b, SizeRange range);

}  // namespace attnsim::study
