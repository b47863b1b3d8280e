// The attention mask as algorithms see it: runs of tiles with kinds, never single elements.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/core/workload.h"
#include "sim/trace/block_mask.h"
#include "sim/trace/index.h"

namespace attnsim {

/// The mask of one score tile in its own coordinates: element (r, c) is visible iff
/// lo <= c - floor((r + phase) / row_group) <= hi.
struct LocalBand {
  std::int32_t lo = 0, hi = 0;
  std::int32_t row_group = 1;
  std::int32_t phase = 0;
};

/// The mask of one score tile: a band, or a window into the workload's block mask (which then holds
/// the band, too).
struct LocalMask {
  LocalBand band{};
  bool blocks = false;
  std::int64_t row = 0;  // first row of the tile, planes flattened
  std::int32_t col = 0;  // its first key
};

/// The mask of a workload (see Workload for its meaning): a band (dense, causal, sliding window) or
/// the part of one that a block mask shows.
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

  /// The key blocks that row block i of a plane sees, ascending. Empty: it sees no key. The plane
  /// is looked at only where a block mask differs by plane.
  std::vector<Run> key_blocks(Index plane, Index i, std::int64_t Br, std::int64_t Bc) const;

  /// The row blocks that see key block j, ascending.
  std::vector<Run> row_blocks(Index plane, Index j, std::int64_t Br, std::int64_t Bc) const;

  /// The same, with the row blocks that no earlier key block saw in runs of their own, tagged.
  std::vector<Run> row_blocks_by_visit(Index plane, Index j, std::int64_t Br, std::int64_t Bc,
                                       std::uint8_t first_visit_tag) const;

  /// The row blocks that see no key at all.
  std::vector<Run> blind_row_blocks(Index plane, std::int64_t Br, std::int64_t Bc) const;

  /// The mask of tile (i, j), for Agent::hide. Needed where the kind is not full. Where it lies is
  /// affine in plane, i and j, and no reading that leaves out copies looks at it.
  LocalMask tile(Index plane, Index i, std::int64_t Br, Index j, std::int64_t Bc) const;

  /// The same for masks that are bands. REQUIRES: the workload has no block mask.
  std::vector<Run> key_blocks(Index i, std::int64_t Br, std::int64_t Bc) const;
  std::vector<Run> row_blocks(Index j, std::int64_t Br, std::int64_t Bc) const;
  std::vector<Run> row_blocks_by_visit(Index j, std::int64_t Br, std::int64_t Bc,
                                       std::uint8_t first_visit_tag) const;
  LocalBand band(Index i, std::int64_t Br, Index j, std::int64_t Bc) const;

 private:
  struct Positions {
    std::int64_t first, last;
  };
  struct Axis;
  const PlaneBlocks& blocks_of(Index plane) const;
  std::vector<Run> visible_tiles(const Axis& own, std::int64_t block, const Axis& other,
                                 const std::vector<std::vector<std::int32_t>>& lists) const;
  TileKind kind_in_band(std::int64_t row, std::int64_t rows, std::int64_t key,
                        std::int64_t keys) const;
  std::int64_t number_of(Index block) const;
  Positions positions_of(std::int64_t i, std::int64_t Br) const;

  std::int64_t positions_;
  std::int64_t keys_;
  std::int64_t row_group_;
  std::int64_t lo_, hi_;  // position p sees key c iff lo_ <= c - p <= hi_
  std::shared_ptr<const BlockMask> blocks_;
};

/// The same tiles from the last to the first.
std::vector<Run> reversed(std::vector<Run> runs);

/// The single run 0 .. count of tiles that need no mask.
std::vector<Run> all_blocks(std::int64_t count);

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) {
  return a >= 0 ? (a + b - 1) / b : -(-a / b);
}

}  // namespace attnsim
