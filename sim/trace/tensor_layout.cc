#include "sim/trace/tensor_layout.h"

#include <string>

#include "sim/core/error.h"

namespace attnsim {

TensorLayout::TensorLayout(const std::vector<TensorDecl>& tensors) {
  std::uint64_t next = kFirst;
  for (const TensorDecl& t : tensors) add(t, static_cast<std::uint64_t>(bits(t.dtype)) / 8, next);
}

TensorLayout::TensorLayout(const std::vector<TensorDecl>& tensors, const Target& target) {
  std::uint64_t next = kFirst;
  for (const TensorDecl& t : tensors) {
    add(t, static_cast<std::uint64_t>(target.element_bits(t.dtype)) / 8, next);
  }
}

void TensorLayout::add(const TensorDecl& t, std::uint64_t element_bytes, std::uint64_t& next) {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 63;
  const std::uint64_t size = static_cast<std::uint64_t>(t.planes * t.rows * t.cols) * element_bytes;
  if (size > kEnd - kAlignment - next) {
    throw UserError("tensor '" + t.name + "' of " + std::to_string(size) + " bytes at address " +
                    std::to_string(next) + " ends above 2^63");
  }
  places_.push_back({.base = next,
                     .element_bytes = element_bytes,
                     .flat_rows = t.planes * t.rows,
                     .rows = t.rows,
                     .cols = t.cols,
                     .interleave = t.interleave});
  next = (next + size + kAlignment - 1) / kAlignment * kAlignment;
}

bool TensorLayout::contains(std::size_t tensor, std::int64_t flat_row, std::int64_t col,
                            std::int64_t rows, std::int64_t cols) const {
  const Place& place = places_[tensor];
  return flat_row >= 0 && flat_row + rows <= place.flat_rows && col >= 0 &&
         col + cols <= place.cols;
}

ByteRect TensorLayout::rect(const Place& place, std::int64_t row, std::int64_t rows,
                            std::int64_t col, std::int64_t cols) {
  const auto element = static_cast<std::uint64_t>(row * place.cols + col);
  ByteRect out{.address = place.base + element * place.element_bytes,
               .row_bytes = static_cast<std::uint64_t>(cols) * place.element_bytes,
               .rows = static_cast<std::uint64_t>(rows),
               .pitch = static_cast<std::uint64_t>(place.cols) * place.element_bytes};
  if (out.row_bytes == out.pitch) {
    out.row_bytes *= out.rows;
    out.rows = 1;
  }
  return out;
}

}  // namespace attnsim
