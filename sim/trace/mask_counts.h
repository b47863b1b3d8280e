// What a mask shows, counted: sums over tiles, rows and keys for closed forms, densities and
// bounds.
//
// Nothing here knows the runs of mask.h. A band is counted by formula; a block mask by going
// through its visible blocks and marking what they touch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/core/result.h"
#include "sim/core/workload.h"
#include "sim/trace/block_mask.h"
#include "sim/trace/closed_form.h"

namespace attnsim {

/// Tiles of Br x Bc of which some element can be seen, summed over all query planes.
struct Visits {
  std::uint64_t tiles = 0;
  std::uint64_t rows = 0;         // sum of the rows of the tiles
  std::uint64_t columns = 0;      // sum of their columns
  std::uint64_t elements = 0;     // sum of their elements
  std::uint64_t seeing_rows = 0;  // rows of the row blocks that see any tile
};

/// Elements that can be seen, and who takes part in them.
struct VisibleCounts {
  std::uint64_t pairs = 0;  // (row, key), summed over query planes
  std::uint64_t rows = 0;   // query rows that see a key, summed over query planes
  std::uint64_t keys = 0;   // keys that a row of some head sees, summed over KV planes
};

class MaskCounts {
 public:
  /// `row_group` query heads packed into the rows of a plane. REQUIRES: 1 with a block mask.
  explicit MaskCounts(const Workload& workload, std::int64_t row_group = 1);

  Visits visits(std::int64_t Br, std::int64_t Bc) const;

  /// Of all (query head, key) pairs; packing does not change it.
  std::uint64_t visible_pairs() const;

  /// REQUIRES: the workload has a block mask.
  VisibleCounts visible() const;

  /// Empty when the workload has no mask at all.
  std::optional<Density> density(std::int64_t Br, std::int64_t Bc) const;

  /// Lists of visited tiles (TileLists) of all planes: `lists` to a plane. 0 without a block mask.
  std::uint64_t list_words(std::int64_t lists, const Visits& visits) const;

  /// For TileModel::closed_form_cost.
  std::uint64_t cost() const;

 private:
  Visits visits_of_plane(std::int64_t plane, std::int64_t Br, std::int64_t Bc) const;
  std::uint64_t times() const;  // planes that are alike

  Workload w_;
  Band band_;  // of one (packed) plane
  std::int64_t planes_;
  std::shared_ptr<const BlockMask> blocks_;
};

/// Adds the reads that TileLists of that name makes; nothing for 0 words.
void add_list_term(ClosedForm& form, std::uint64_t words, std::string_view tensor = "mask");

}  // namespace attnsim
