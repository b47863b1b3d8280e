#include "sim/replay/recurrence_ops.h"

#include <cmath>

namespace attnsim::replay {

void cumsum(MatrixRef x) {
  for (std::int64_t r = 1; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) x(r, c) += x(r - 1, c);
  }
}

void ramp(MatrixRef x, double step, double first) {
  for (std::int64_t r = 0; r < x.rows; ++r) x(r, 0) = (static_cast<double>(r) + first) * step;
}

void scale_exp(MatrixRef x, ConstMatrixRef exponent) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    for (std::int64_t c = 0; c < x.cols; ++c) {
      x(r, c) *= std::exp(exponent(r, exponent.cols == 1 ? 0 : c));
    }
  }
}

void decay_state(MatrixRef state, ConstMatrixRef log_decay) {
  for (std::int64_t r = 0; r < state.rows; ++r) {
    const double factor = std::exp(log_decay(0, log_decay.cols == 1 ? 0 : r));
    for (std::int64_t c = 0; c < state.cols; ++c) state(r, c) *= factor;
  }
}

void decay(MatrixRef s, ConstMatrixRef at_rows, ConstMatrixRef at_cols) {
  for (std::int64_t r = 0; r < s.rows; ++r) {
    for (std::int64_t c = 0; c < s.cols; ++c) s(r, c) *= std::exp(at_rows(r, 0) - at_cols(c, 0));
  }
}

void lower(MatrixRef s) {
  for (std::int64_t r = 0; r < s.rows; ++r) {
    for (std::int64_t c = r + 1; c < s.cols; ++c) s(r, c) = 0;
  }
}

void gated_scores(MatrixRef s, ConstMatrixRef q, ConstMatrixRef k, ConstMatrixRef log_decay,
                  double scale) {
  for (std::int64_t r = 0; r < s.rows; ++r) {
    for (std::int64_t c = 0; c < s.cols; ++c) {
      s(r, c) = 0;
      if (c > r) continue;
      for (std::int64_t l = 0; l < q.cols; ++l) {
        s(r, c) += scale * q(r, l) * k(c, l) * std::exp(log_decay(r, l) - log_decay(c, l));
      }
    }
  }
}

}  // namespace attnsim::replay
