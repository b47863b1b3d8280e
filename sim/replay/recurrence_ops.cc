#include "sim/replay/recurrence_ops.h"

#include <cmath>

namespace attnsim::replay {

void cumsum(Matrix& x) {
  for (Eigen::Index r = 1; r < x.rows(); ++r) x.row(r) += x.row(r - 1);
}

void ramp(Matrix& x, double step, double first) {
  for (Eigen::Index r = 0; r < x.rows(); ++r) x(r, 0) = (static_cast<double>(r) + first) * step;
}

void scale_exp(Matrix& x, const Matrix& exponent) {
  for (Eigen::Index r = 0; r < x.rows(); ++r) {
    for (Eigen::Index c = 0; c < x.cols(); ++c) {
      x(r, c) *= std::exp(exponent(r, exponent.cols() == 1 ? 0 : c));
    }
  }
}

void decay_state(Matrix& state, const Matrix& log_decay) {
  for (Eigen::Index r = 0; r < state.rows(); ++r) {
    state.row(r) *= std::exp(log_decay(0, log_decay.cols() == 1 ? 0 : r));
  }
}

void decay(Matrix& s, const Matrix& at_rows, const Matrix& at_cols) {
  for (Eigen::Index r = 0; r < s.rows(); ++r) {
    for (Eigen::Index c = 0; c < s.cols(); ++c) s(r, c) *= std::exp(at_rows(r, 0) - at_cols(c, 0));
  }
}

void lower(Matrix& s) {
  for (Eigen::Index r = 0; r < s.rows(); ++r) {
    for (Eigen::Index c = r + 1; c < s.cols(); ++c) s(r, c) = 0;
  }
}

void gated_scores(Matrix& s, const Matrix& q, const Matrix& k, const Matrix& log_decay,
                  double scale) {
  s.setZero();
  for (Eigen::Index r = 0; r < s.rows(); ++r) {
    for (Eigen::Index c = 0; c <= r; ++c) {
      for (Eigen::Index l = 0; l < q.cols(); ++l) {
        s(r, c) += scale * q(r, l) * k(c, l) * std::exp(log_decay(r, l) - log_decay(c, l));
      }
    }
  }
}

}  // namespace attnsim::replay
