// The operations of recurrences on matrices of doubles, as the `meaning` column of the operation
// table says (sim/trace/op_table.h).
#pragma once

#include <cstdint>

namespace attnsim::replay {

/// A matrix that lives elsewhere, row by row without gaps.
template <typename T>
struct MatrixView {
  template <typename Matrix>
  MatrixView(Matrix& m)  // NOLINT(google-explicit-constructor): what is passed to an operation
      : data(m.data()), rows(m.rows()), cols(m.cols()) {}

  T& operator()(std::int64_t row, std::int64_t col) const { return data[row * cols + col]; }

  T* data;
  std::int64_t rows, cols;
};

using MatrixRef = MatrixView<double>;
using ConstMatrixRef = MatrixView<const double>;

void cumsum(MatrixRef x);
void ramp(MatrixRef x, double step, double first);
void scale_exp(MatrixRef x, ConstMatrixRef exponent);
void decay_state(MatrixRef state, ConstMatrixRef log_decay);
void decay(MatrixRef s, ConstMatrixRef at_rows, ConstMatrixRef at_cols);
void lower(MatrixRef s);
void gated_scores(MatrixRef s, ConstMatrixRef q, ConstMatrixRef k, ConstMatrixRef log_decay,
                  double scale);

}  // namespace attnsim::replay
