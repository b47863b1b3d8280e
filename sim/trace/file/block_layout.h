// What the numbers of a block mean; shared by its encoder and its decoder.
#pragma once

#include <cstdint>
#include <type_traits>

#include "sim/trace/file/block_codec.h"

namespace attnsim::trace_file {

// The code that every entry of a block starts with.
inline constexpr std::uint64_t kNewTemplate = 0;
inline constexpr std::uint64_t kEndOfTask = 1;
inline constexpr std::uint64_t kFirstTemplate = 2;  // 2 + 2 n: template n; 3 + 2 n: moved

// What a moved record gives a difference for, in this order.
inline constexpr int kRowMoved = 1;
inline constexpr int kColMoved = 2;
inline constexpr int kLoMoved = 4;
inline constexpr int kHiMoved = 8;

/// Sums and differences that wrap, as the file's do.
template <typename Int>
Int wrapped_sum(Int a, Int b) {
  using Unsigned = std::make_unsigned_t<Int>;
  return static_cast<Int>(static_cast<Unsigned>(a) + static_cast<Unsigned>(b));
}
template <typename Int>
Int wrapped_difference(Int a, Int b) {
  using Unsigned = std::make_unsigned_t<Int>;
  return static_cast<Int>(static_cast<Unsigned>(a) - static_cast<Unsigned>(b));
}

/// Takes a record's position as the last one, and its distance as the step.
inline void move_to(TemplateState& state, const TileOp& op) {
  state.row_step = wrapped_difference(op.row, state.last.row);
  state.col_step = wrapped_difference(op.col, state.last.col);
  state.lo_step = wrapped_difference(op.lo, state.last.lo);
  state.hi_step = wrapped_difference(op.hi, state.last.hi);
  state.last.row = op.row;
  state.last.col = op.col;
  state.last.lo = op.lo;
  state.last.hi = op.hi;
}

}  // namespace attnsim::trace_file
