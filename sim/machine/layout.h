// Where tensors lie in memory: from regions of elements to runs of cache lines.
//
// Tensors stand one after another in the order of the program, each on a 256-byte boundary. Inside
// a tensor planes follow each other and rows are contiguous (the bhsd order).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/machine/cache/cache.h"
#include "sim/trace/target.h"
#include "sim/trace/tensor.h"

namespace attnsim::machine {

/// `rows` runs of `row_bytes` bytes, `pitch` bytes apart.
struct ByteRect {
  std::uint64_t address = 0;
  std::uint64_t row_bytes = 0;
  std::uint64_t rows = 1;
  std::uint64_t pitch = 0;
};

class Layout {
 public:
  Layout(const std::vector<TensorDecl>& tensors, const Target& target);

  /// The bytes of rows x cols elements at (flat_row, col) of a tensor. Whole rows are one run.
  ByteRect bytes(std::size_t tensor, std::int64_t flat_row, std::int64_t col, std::int64_t rows,
                 std::int64_t cols) const;

  std::uint64_t base(std::size_t tensor) const { return places_[tensor].base; }
  std::uint64_t row_bytes(std::size_t tensor) const { return places_[tensor].pitch_bits / 8; }
  /// One past the last byte of the last tensor.
  std::uint64_t end() const { return end_; }

 private:
  struct Place {
    std::uint64_t base;
    std::uint64_t pitch_bits;  // of a row
    std::uint64_t element_bits;
  };
  std::vector<Place> places_;
  std::uint64_t end_ = 0;
};

/// The lines that a run of bytes touches, and whether it covers all of them.
struct LineSpan {
  LineRun lines;
  bool covered;
};
LineSpan span_of(std::uint64_t address, std::uint64_t bytes, std::uint64_t line_bytes);

}  // namespace attnsim::machine
