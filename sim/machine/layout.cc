#include "sim/machine/layout.h"

namespace attnsim::machine {
namespace {

constexpr std::uint64_t kAlignment = 256;

std::uint64_t bytes_of(std::uint64_t bits) { return (bits + 7) / 8; }

}  // namespace

Layout::Layout(const std::vector<TensorDecl>& tensors, const Target& target) {
  for (const TensorDecl& t : tensors) {
    const auto element_bits = static_cast<std::uint64_t>(target.element_bits(t.dtype));
    const std::uint64_t pitch_bits = static_cast<std::uint64_t>(t.cols) * element_bits;
    places_.push_back({end_, pitch_bits, element_bits});
    end_ += bytes_of(static_cast<std::uint64_t>(t.planes * t.rows) * pitch_bits);
    end_ = (end_ + kAlignment - 1) / kAlignment * kAlignment;
  }
}

ByteRect Layout::bytes(std::size_t tensor, std::int64_t flat_row, std::int64_t col,
                       std::int64_t rows, std::int64_t cols) const {
  const Place& place = places_[tensor];
  const std::uint64_t first_bit = static_cast<std::uint64_t>(flat_row) * place.pitch_bits +
                                  static_cast<std::uint64_t>(col) * place.element_bits;
  const std::uint64_t row_bits = static_cast<std::uint64_t>(cols) * place.element_bits;
  const auto n = static_cast<std::uint64_t>(rows);
  ByteRect rect{.address = place.base + first_bit / 8,
                .row_bytes = bytes_of(row_bits),
                .rows = n,
                .pitch = bytes_of(place.pitch_bits)};
  if (row_bits == place.pitch_bits) {
    rect.row_bytes = bytes_of(row_bits * n);
    rect.rows = 1;
  }
  return rect;
}

LineSpan span_of(std::uint64_t address, std::uint64_t bytes, std::uint64_t line_bytes) {
  const std::uint64_t first = address / line_bytes;
  const std::uint64_t end = (address + bytes + line_bytes - 1) / line_bytes;
  const bool covered = address % line_bytes == 0 && (address + bytes) % line_bytes == 0;
  return {{first, end - first}, covered};
}

}  // namespace attnsim::machine
