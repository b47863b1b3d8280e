// What verification looks at: the tensors of an executed program, compared element by element.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/dtype.h"
#include "sim/core/result.h"
#include "sim/replay/numbers.h"
#include "sim/trace/program.h"

namespace attnsim::replay {

/// The values of the first tensor of that role, in canonical order; empty when there is none.
std::optional<std::vector<double>> find_values(const Program& program, const TensorValues& values,
                                               TensorRole role);

/// The same where there must be one. Throws TraceError, calling it `what`.
std::vector<double> values_of(const Program& program, const TensorValues& values, TensorRole role,
                              const char* what);

/// Compares arrays with the reference and keeps the element that is worst for its tolerance.
class Judge {
 public:
  /// Exact: sums of a few hundred terms in double. Rounded: each value passes a handful of
  /// roundings to the workload's dtype (inputs to products, stored scores, the output). The case
  /// outlives the judge and gets tolerance, largest error and the message of a failure.
  Judge(VerifyCase& result, DType dtype, Arithmetic arithmetic);

  /// `size`: what the terms of an element add up to in absolute value, where that is above 1.
  void compare(const char* what, const std::vector<double>& got,
               const std::vector<double>& expected, std::int64_t rows, std::int64_t cols,
               double size = 1);

 private:
  VerifyCase& result_;
  double relative_;
  double worst_ = 0;
};

}  // namespace attnsim::replay
