// How a recurrence decays over a block of `rows` steps, where one number lambda for each head is
// all there is to know (retention, Lightning Attention). Powers of lambda are made once and kept on
// chip, as released kernels do; without gates nothing decays and nothing is kept.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/trace/agent.h"
#include "sim/trace/recurrence_tensors.h"
#include "sim/trace/target.h"

namespace attnsim {

/// Where the log of lambda lies; empty: no decay.
using DecayAt = std::optional<Region>;

/// Of constant gates.
DecayAt log_lambda(const RecurrenceTensors& tensors, Index plane);

/// Decay between two steps of a block.
class DecayWithin {
 public:
  DecayWithin(Agent& a, const DecayAt& gate, std::int64_t rows);

  /// s[r, c] lambda^(r - c) for c <= r, else 0.
  void apply(Agent& a, Tile& s) const;

  static std::vector<TileShape> footprint(bool decays, std::int64_t rows);

 private:
  Tile powers_;  // [rows, rows]
};

/// Decay between a step of a block and the states before and after it.
class DecayAtEdges {
 public:
  DecayAtEdges(Agent& a, const DecayAt& gate, std::int64_t rows);

  /// Row r times lambda^(r + 1), from the state before the block.
  void from_start(Agent& a, Tile& x) const;
  /// Row r times lambda^(rows - 1 - r), to the state after the block.
  void to_end(Agent& a, Tile& x) const;
  /// Times lambda^rows.
  void whole(Agent& a, Tile& state) const;

  static std::vector<TileShape> footprint(bool decays, std::int64_t rows);

 private:
  bool decays_;
  Tile whole_;                // [1, 1], a logarithm
  Tile from_start_, to_end_;  // [rows, 1]
};

}  // namespace attnsim
