// The operations of recurrences on matrices of doubles, as the `meaning` column of the operation
// table says (sim/trace/op_table.h). Private to this folder: the only header that sees Eigen.
#pragma once

#include <Eigen/Core>

namespace attnsim::replay {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void cumsum(Matrix& x);
void ramp(Matrix& x, double step, double first);
void scale_exp(Matrix& x, const Matrix& exponent);
void decay_state(Matrix& state, const Matrix& log_decay);
void decay(Matrix& s, const Matrix& at_rows, const Matrix& at_cols);
void lower(Matrix& s);
void gated_scores(Matrix& s, const Matrix& q, const Matrix& k, const Matrix& log_decay,
                  double scale);

}  // namespace attnsim::replay
