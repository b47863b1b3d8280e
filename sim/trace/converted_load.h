// Loads of inputs that a kernel converts before it multiplies them.
#pragma once

#include "sim/trace/agent.h"
#include "sim/trace/tile.h"

namespace attnsim {

/// An operand of another dtype than it has in memory: loaded into registers, converted there, and
/// written to where the matrix unit reads it.
inline Tile load_as(Agent& a, const Region& from, DType dtype) {
  if (from.dtype == dtype) return a.load(from);
  const Tile loaded = a.load(from, Role::vector);
  return a.move(loaded, Role::operand, dtype);
}

}  // namespace attnsim
