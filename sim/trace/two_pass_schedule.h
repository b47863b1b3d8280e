// What schedules with a forward and a backward nest over blocks of query rows and keys have in
// common: either pass or both, each nest with sizes of its own.
#pragma once

#include <cmath>
#include <optional>
#include <vector>

#include "sim/trace/algorithm.h"

namespace attnsim {

class TwoPassSchedule : public Schedule {
 public:
  /// In each memory, of the pass that holds most.
  std::vector<TileShape> footprint() const override;
  ClosedForm closed_form() const override;
  /// Of the first pass that runs.
  std::optional<Density> density() const override;

 protected:
  explicit TwoPassSchedule(const PlanRequest& request)
      : w_(request.workload), target_(request.target) {}

  virtual const RowKeyTiles& forward_tiles() const = 0;
  virtual const RowKeyTiles& backward_tiles() const = 0;

  const Workload w_;
  const Target& target_;
  const double scale_ = 1.0 / std::sqrt(static_cast<double>(w_.head_dim));  // of the scores
  TileSizes forward_{}, backward_{};  // of the passes that run
};

}  // namespace attnsim
