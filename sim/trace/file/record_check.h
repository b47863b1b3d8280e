// What a record must satisfy to be let into a replay: its numbers can overflow nothing, name
// nothing that does not exist and divide by nothing that is 0. Whether it is legal where it stands
// (a tile that is resident, a region inside its tensor) is the replay's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

#include "sim/trace/tile_op.h"

namespace attnsim::trace_file {

/// Empty when the record is fit; `tensors` is how many there are.
std::string record_fault(const TileOp& op, std::size_t tensors);

/// The part of record_fault that depends on row and col.
inline bool position_in_range(const TileOp& op) {
  constexpr std::int64_t kMostRow = std::int64_t{1} << 60;
  return op.row >= -kMostRow && op.row <= kMostRow &&
         std::int64_t{op.col} + op.n <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace attnsim::trace_file
