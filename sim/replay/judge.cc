#include "sim/replay/judge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/replay/rounding.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {

std::optional<std::vector<double>> find_values(const Program& program, const TensorValues& values,
                                               TensorRole role) {
  for (std::size_t i = 0; i < program.tensors().size(); ++i) {
    const TensorDecl& t = program.tensors()[i];
    if (t.role == role) return canonical_values(t, values.of(i));
  }
  return std::nullopt;
}

std::vector<double> values_of(const Program& program, const TensorValues& values, TensorRole role,
                              const char* what) {
  auto found = find_values(program, values, role);
  if (!found) throw TraceError(std::string("the program declares no ") + what);
  return std::move(*found);
}

Judge::Judge(VerifyCase& result, DType dtype, Arithmetic arithmetic)
    : result_(result),
      relative_(arithmetic == Arithmetic::exact ? 1e-12 : 16 * unit_roundoff(dtype)) {
  result_.tolerance = relative_;
}

void Judge::compare(const char* what, const std::vector<double>& got,
                    const std::vector<double>& expected, std::int64_t rows, std::int64_t cols,
                    double size) {
  if (got.size() != expected.size()) {
    result_.message = std::string(what) + " has " + std::to_string(got.size()) +
                      " elements, expected " + std::to_string(expected.size());
    return;
  }
  const double tolerance = relative_ * std::max(1.0, size);
  for (std::size_t i = 0; i < got.size(); ++i) {
    double error = got[i] == expected[i] ? 0 : std::abs(got[i] - expected[i]);
    if (std::isnan(error)) error = std::numeric_limits<double>::infinity();  // never written
    if (error / tolerance <= worst_) continue;
    worst_ = error / tolerance;
    result_.max_abs_error = error;
    result_.tolerance = tolerance;
    if (error <= tolerance) continue;
    const auto at = static_cast<std::int64_t>(i);
    result_.message = std::string(what) + "[plane " + std::to_string(at / (rows * cols)) +
                      ", row " + std::to_string(at / cols % rows) + ", col " +
                      std::to_string(at % cols) + "] = " + std::to_string(got[i]) + ", expected " +
                      std::to_string(expected[i]);
  }
}

}  // namespace attnsim::replay
