// From bytes to lines: which lines of a cache a run or a rectangle of bytes touches.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/machine/cache/cache.h"
#include "sim/trace/tensor_layout.h"

namespace attnsim::machine {

/// The lines that a run of bytes touches, and whether it covers all of each.
struct LineSpan {
  LineRun lines;
  bool covered = false;
};
LineSpan span_of(std::uint64_t address, std::uint64_t bytes, std::uint64_t line_bytes);

/// A rectangle of bytes as lines, where its rows are equal rows of lines: they lie a whole number
/// of lines apart and share none. `write` and `tag` are left to the caller.
std::optional<RectAccess> rect_of(const ByteRect& bytes, std::uint64_t line_bytes);

}  // namespace attnsim::machine
