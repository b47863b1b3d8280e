// Where tensors lie in memory: from regions of elements to runs of bytes.
//
// Tensors follow each other in the order of the program, from 0x10000000, each at the next multiple
// of 256. A tensor is its canonical planes one after another, each row-major without padding: heads
// that are interleaved in the rows of a plane are taken apart, so that an algorithm's packing moves
// nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/trace/target.h"
#include "sim/trace/tensor.h"

namespace attnsim {

/// `rows` runs of `row_bytes` bytes, `pitch` bytes apart. A single run has any pitch.
struct ByteRect {
  std::uint64_t address = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t rows = 1;
  std::uint64_t pitch = 0;
  bool operator==(const ByteRect&) const = default;
};

class TensorLayout {
 public:
  static constexpr std::uint64_t kFirst = 0x10000000;
  static constexpr std::uint64_t kAlignment = 256;

  /// An element takes the bytes of its tensor's dtype. Throws UserError when the tensors do not fit
  /// below 2^63.
  explicit TensorLayout(const std::vector<TensorDecl>& tensors);
  /// An element takes what it takes on the machine: one word where words are uniform.
  TensorLayout(const std::vector<TensorDecl>& tensors, const Target& target);

  std::uint64_t base(std::size_t tensor) const { return places_[tensor].base; }
  std::uint64_t row_bytes(std::size_t tensor) const {
    return static_cast<std::uint64_t>(places_[tensor].cols) * places_[tensor].element_bytes;
  }

  /// Whether rows x cols elements at (flat_row, col) lie inside the tensor.
  bool contains(std::size_t tensor, std::int64_t flat_row, std::int64_t col, std::int64_t rows,
                std::int64_t cols) const;

  /// Calls `use` with the bytes of rows x cols elements at (flat_row, col), in the order in which
  /// they are accessed: row after row; of interleaved heads, one head of a plane after another.
  /// Whole rows that follow each other are one run. REQUIRES: contains().
  template <typename Use>
  void for_each_rect(std::size_t tensor, std::int64_t flat_row, std::int64_t col, std::int64_t rows,
                     std::int64_t cols, Use&& use) const {
    const Place& place = places_[tensor];
    const std::int64_t end = flat_row + rows;
    if (place.interleave == 1) {
      use(rect(place, flat_row, rows, col, cols));
      return;
    }
    while (flat_row < end) {
      const std::int64_t plane = flat_row / place.rows;
      const std::int64_t plane_end = std::min(end, (plane + 1) * place.rows);
      for (std::int64_t head = 0; head < place.interleave; ++head) {
        const std::int64_t first = position(place, flat_row - plane * place.rows, head);
        const std::int64_t last = position(place, plane_end - plane * place.rows, head);
        if (first == last) continue;
        const std::int64_t canonical = plane * place.interleave + head;
        use(rect(place, canonical * (place.rows / place.interleave) + first, last - first, col,
                 cols));
      }
      flat_row = plane_end;
    }
  }

 private:
  struct Place {
    std::uint64_t base, element_bytes;
    std::int64_t flat_rows, rows, cols, interleave;  // of all planes; of one plane
  };

  void add(const TensorDecl& tensor, std::uint64_t element_bytes, std::uint64_t& next);

  /// Rows of one head among the first `packed` rows of a plane.
  static std::int64_t position(const Place& place, std::int64_t packed, std::int64_t head) {
    return (packed - head + place.interleave - 1) / place.interleave;
  }

  /// Rows as they lie in memory.
  static ByteRect rect(const Place& place, std::int64_t row, std::int64_t rows, std::int64_t col,
                       std::int64_t cols);

  std::vector<Place> places_;
};

}  // namespace attnsim
