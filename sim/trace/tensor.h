// Tensors: the named arrays of a program, and regions of them that tiles are loaded from.
//
// A tensor is `planes` matrices of rows x cols (a plane is one (batch, head) pair). Coordinates are
// logical; where a row lies in memory is the layout's business, not the algorithm's.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

#include "sim/core/dtype.h"
#include "sim/trace/index.h"

namespace attnsim {

/// What a tensor is to the function computed. Numeric execution feeds inputs and compares outputs
/// by this, and footprints are reported by it.
enum class TensorRole : std::uint8_t {
  query,
  key,
  value,  // inputs
  output,
  lse,
  row_max,
  row_sum,  // outputs; LSE may be given as (row_max, row_sum)
  workspace,
  mask,      // neither
  d_output,  // input of the backward pass
  d_query,
  d_key,
  d_value,        // its outputs
  delta,          // D = rowsum(dO o O): workspace of a backward pass
  probabilities,  // P: workspace of a forward pass, input of the backward pass that goes with it
  // Inputs of the parameter gradient (sim/trace/parameter_tensors.h), and its output.
  query_tokens,
  value_tokens,
  query_parameter,
  value_parameter,
  d_query_parameter,
  dropped_probabilities,  // P after dropout: as probabilities
  gate,                   // log decays of a recurrence: an input (sim/trace/recurrence_tensors.h)
  d_gate,                 // its gradient
  // Rows of K and V of a prefix that all sequences of a batch share, a plane for each KV head: what
  // key and value then hold comes after it.
  prefix_key,
  prefix_value,
};

/// What an algorithm declares; Program::add returns the handle.
struct TensorDecl {
  std::string name;
  TensorRole role = TensorRole::workspace;
  DType dtype = DType::f16;
  std::int64_t planes = 1;
  std::int64_t rows = 1;
  std::int64_t cols = 1;
  /// Heads interleaved in the rows of a plane (packed GQA): row r of plane p is row r / interleave
  /// of canonical plane p * interleave + r % interleave.
  std::int64_t interleave = 1;
  std::uint8_t device = 0;
};

/// rows x cols elements of one plane, starting at (row, col).
struct Region {
  std::uint16_t tensor = 0;
  bool inside = true;  // lies within the tensor
  DType dtype = DType::f16;
  std::int32_t rows = 0, cols = 0, col = 0;
  std::int64_t flat_row = 0;  // plane * tensor rows + row
};

/// A handle: copy freely.
class Tensor {
 public:
  Tensor() = default;
  Tensor(std::uint16_t id, const TensorDecl& d)
      : planes_(d.planes), rows_(d.rows), cols_(d.cols), id_(id), dtype_(d.dtype) {}

  std::int64_t planes() const { return planes_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }
  std::uint16_t id() const { return id_; }

  /// The i-th block of `size` whole rows; the last block of a plane is clipped.
  Region block(Index plane, Index i, std::int64_t size) const {
    return clipped(plane, i, size, Index(0), cols_);
  }

  /// Block (i, j) of a grid of row_size x col_size blocks, clipped at the far edges.
  Region block(Index plane, Index i, std::int64_t row_size, Index j, std::int64_t col_size) const {
    return clipped(plane, i, row_size, j, col_size);
  }

  /// Exactly these rows and columns; outside the tensor is an error when it is used.
  Region region(Index of_plane, std::int64_t row, std::int64_t rows, std::int64_t col,
                std::int64_t cols) const {
    const std::int64_t plane = of_plane.raw_;
    Region r;
    r.tensor = id_;
    r.dtype = dtype_;
    r.inside = plane >= 0 && plane < planes_ && row >= 0 && rows > 0 && row + rows <= rows_ &&
               col >= 0 && cols > 0 && col + cols <= cols_;
    r.rows = static_cast<std::int32_t>(rows);
    r.cols = static_cast<std::int32_t>(cols);
    r.col = static_cast<std::int32_t>(col);
    r.flat_row = plane * rows_ + row;
    return r;
  }

  /// A whole plane.
  Region plane(Index plane) const { return region(plane, 0, rows_, 0, cols_); }

 private:
  Region clipped(Index plane, Index i, std::int64_t row_size, Index j,
                 std::int64_t col_size) const {
    const std::int64_t row = i.raw_ * row_size;
    const std::int64_t col = j.raw_ * col_size;
    return region(plane, row, std::min(row_size, rows_ - row), col,
                  std::min(col_size, cols_ - col));
  }

  std::int64_t planes_ = 0, rows_ = 0, cols_ = 0;
  std::uint16_t id_ = 0;
  DType dtype_ = DType::f16;
};

}  // namespace attnsim
