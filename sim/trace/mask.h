// The attention mask as algorithms see it: runs of tiles with kinds, never single elements.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/workload.h"
#include "sim/trace/index.h"

namespace attnsim {

/// The mask of one score tile in its own coordinates: element (r, c) is visible iff
/// lo <= c - floor((r + phase) / row_group) <= hi.
struct LocalBand {
  std::int32_t lo = 0, hi = 0;
  std::int32_t row_group = 1;
  std::int32_t phase = 0;
};

/// The mask of a workload (see Workload for its meaning): dense, causal, sliding window.
///
/// `row_group` packs that many query heads into the rows of one problem (GQA packing): packed row R
/// stands for position R / row_group. Tile coordinates: i over blocks of Br (packed) query rows, j
/// over blocks of Bc keys.
class AttentionMask {
 public:
  explicit AttentionMask(const Workload& workload, std::int64_t row_group = 1);

  /// Rows of one (packed) plane.
  std::int64_t rows() const { return positions_ * row_group_; }
  std::int64_t keys() const { return keys_; }

  /// The key blocks that row block i sees, ascending. Empty: it sees no key.
  std::vector<Run> key_blocks(Index i, std::int64_t Br, std::int64_t Bc) const;

  /// The row blocks that see key block j, ascending.
  std::vector<Run> row_blocks(Index j, std::int64_t Br, std::int64_t Bc) const;

  /// The same, with the row blocks that no earlier key block saw in runs of their own, tagged.
  std::vector<Run> row_blocks_by_visit(Index j, std::int64_t Br, std::int64_t Bc,
                                       std::uint8_t first_visit_tag) const;

  /// The mask of tile (i, j), for Agent::band. Needed where the kind is not full. Its limits are
  /// affine in i and j, and no reading that leaves out copies looks at them.
  LocalBand band(Index i, std::int64_t Br, Index j, std::int64_t Bc) const;

 private:
  struct Positions {
    std::int64_t first, last;
  };
  std::int64_t number_of(Index block) const;
  Positions positions_of(std::int64_t i, std::int64_t Br) const;

  std::int64_t positions_;
  std::int64_t keys_;
  std::int64_t row_group_;
  std::int64_t lo_, hi_;  // position p sees key c iff lo_ <= c - p <= hi_
};

/// The same tiles from the last to the first.
std::vector<Run> reversed(std::vector<Run> runs);

/// The single run 0 .. count of tiles that need no mask.
std::vector<Run> all_blocks(std::int64_t count);

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

}  // namespace attnsim
