// What the tile models of recurrences over blocks of steps and columns of V have in common.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "sim/trace/mask.h"
#include "sim/trace/tiles.h"

namespace attnsim {

/// References workload and target.
class StepValueTiles : public TileModel {
 public:
  StepValueTiles(const Workload& workload, const Target& target) : w_(workload), target_(target) {}

  TileSizes limits() const override { return {w_.seqlen_q, w_.head_dim_v}; }
  bool second_only_helps() const override { return true; }
  std::uint64_t iterations(TileSizes t) const override {
    return static_cast<std::uint64_t>(ceil_div(w_.seqlen_q, t.first) *
                                      ceil_div(w_.head_dim_v, t.second));
  }

 protected:
  /// Of a kernel in Triton: these steps, and columns of V as far as there are any.
  std::optional<TileSizes> in_triton(std::int64_t steps, std::int64_t cols) const {
    if (!target_.arch().starts_with("sm")) return std::nullopt;
    return TileSizes{steps, std::min(cols, w_.head_dim_v)};
  }

  const Workload& w_;
  const Target& target_;
};

}  // namespace attnsim
