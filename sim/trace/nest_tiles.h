// The tile model of a family of loop nests: the nest that parameters name, with other Br and Bc.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/trace/mask.h"
#include "sim/trace/tiles.h"

namespace attnsim {

/// `Nest` has with_tiles(Br, Bc); `Costs`, made from a workload, has the formulas of such nests.
/// References workload and target.
template <typename Nest, typename Costs>
class NestTiles final : public TileModel {
 public:
  NestTiles(const Workload& workload, const Target& target, const Nest& nest)
      : w_(workload), target_(target), costs_(workload), nest_(nest) {}

  Nest nest(TileSizes t) const { return costs_.effective(nest_.with_tiles(t.first, t.second)); }

  TileSizes limits() const override { return {costs_.rows(), w_.seqlen_kv}; }

  /// No paper has the whole family; b = floor(sqrt(M / 4)) is Saha and Ye's.
  TileSizes paper() const override { return square_block_sizes(target_, limits()); }

  std::vector<TileShape> footprint(TileSizes t) const override {
    return target_.peak(costs_.footprint(nest(t)));
  }
  ClosedForm closed_form(TileSizes t) const override { return costs_.closed_form(nest(t)); }

  std::uint64_t iterations(TileSizes t) const override {
    return static_cast<std::uint64_t>(ceil_div(costs_.rows(), t.first) *
                                      ceil_div(w_.seqlen_kv, t.second));
  }

 private:
  const Workload& w_;
  const Target& target_;
  Costs costs_;
  Nest nest_;
};

}  // namespace attnsim
