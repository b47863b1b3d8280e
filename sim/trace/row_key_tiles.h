// What the tile models of nests over blocks of Br query rows and Bc keys have in common.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/trace/mask_counts.h"
#include "sim/trace/tiles.h"

namespace attnsim {

/// References workload and target. `row_group` query heads are packed into the rows of a plane;
/// REQUIRES: 1 with a block mask.
class RowKeyTiles : public TileModel {
 public:
  RowKeyTiles(const Workload& workload, const Target& target, std::int64_t row_group = 1);

  TileSizes limits() const override;
  bool second_only_helps() const override;
  std::uint64_t iterations(TileSizes sizes) const override;
  std::uint64_t closed_form_cost() const override { return counts_.cost(); }

  std::optional<Density> density(TileSizes sizes) const;

 protected:
  /// Of all query planes, and of all KV planes.
  std::uint64_t rows() const;
  std::uint64_t keys() const;
  std::uint64_t d() const { return static_cast<std::uint64_t>(w_.head_dim); }
  std::uint64_t dv() const { return static_cast<std::uint64_t>(w_.head_dim_v); }

  /// Of a task that goes through Bc keys at a time, its output accumulating on chip: Q, K, V, O, S
  /// (then P in place), m and l.
  std::vector<TileShape> online_softmax_footprint(TileSizes sizes) const;

  Visits visits(TileSizes sizes) const { return counts_.visits(sizes.first, sizes.second); }

  /// Words of TileLists with a list for each row block, or for each key block, of all query planes.
  std::uint64_t lists_by_row(TileSizes sizes, const Visits& visits) const;
  std::uint64_t lists_by_key(TileSizes sizes, const Visits& visits) const;

  const Workload& w_;
  const Target& target_;

 private:
  std::int64_t plane_rows_;
  MaskCounts counts_;
};

}  // namespace attnsim
