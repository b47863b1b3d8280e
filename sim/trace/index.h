// The index of a declared loop, seen by a kernel body as an opaque coordinate.
//
// A replay may skip iterations of a declared loop only if the body is an affine function of the
// index. So a body can use an Index as a block coordinate of a region or a mask and for nothing
// else: `if (j == 7)` does not compile. What a body may decide on is the kind of the current run.
#pragma once

#include <cstdint>

namespace attnsim {

/// A block coordinate: a plain number (fixed for the task) or a loop index.
class Index {
 public:
  Index() = default;
  Index(std::int64_t fixed) : raw_(fixed) {}  // NOLINT(google-explicit-constructor): a coordinate

 private:
  friend class AttentionMask;
  friend class Loop;
  friend class Tensor;
  std::int64_t raw_ = 0;
};

/// How a tile meets the mask.
enum class TileKind : std::uint8_t {
  full,      // every element is visible: no mask needed
  diagonal,  // cut by the right edge of the band (causal)
  partial,   // cut by the left edge (window), or by both
};

/// Consecutive tile indices of one kind. `tag` is free for the algorithm (first visit, ...); a
/// replay never skips across a run boundary.
struct Run {
  std::int64_t begin = 0;
  std::int64_t end = 0;  // one past the last
  TileKind kind = TileKind::full;
  std::uint8_t tag = 0;
};

}  // namespace attnsim
