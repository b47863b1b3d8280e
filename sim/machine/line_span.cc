#include "sim/machine/line_span.h"

namespace attnsim::machine {

LineSpan span_of(std::uint64_t address, std::uint64_t bytes, std::uint64_t line_bytes) {
  const std::uint64_t first = address / line_bytes;
  const std::uint64_t end = (address + bytes + line_bytes - 1) / line_bytes;
  const bool covered = address % line_bytes == 0 && (address + bytes) % line_bytes == 0;
  return {{first, end - first}, covered};
}

std::optional<RectAccess> rect_of(const ByteRect& bytes, std::uint64_t line_bytes) {
  const LineSpan row = span_of(bytes.address, bytes.row_bytes, line_bytes);
  const std::uint64_t stride = bytes.pitch / line_bytes;
  if (bytes.rows > 1 && (bytes.pitch % line_bytes != 0 || row.lines.count > stride)) {
    return std::nullopt;
  }
  return RectAccess{.row = {.lines = row.lines, .covers_lines = row.covered},
                    .rows = bytes.rows,
                    .stride = stride};
}

}  // namespace attnsim::machine
