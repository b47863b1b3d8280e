#include "sim/replay/reference/parameter_gradient.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace attnsim::reference {
namespace {

void require_size(std::size_t size, std::int64_t expected, const char* what) {
  if (std::cmp_equal(size, expected)) return;
  throw std::invalid_argument(std::string("reference parameter gradient: size of ") + what);
}

/// tokens [planes, rows, cols] times parameter [planes, cols, cols].
std::vector<double> product(std::span<const double> tokens, std::span<const double> parameter,
                            std::int64_t planes, std::int64_t rows, std::int64_t cols) {
  std::vector<double> out;
  for (std::int64_t row = 0; row < planes * rows; ++row) {
    const std::int64_t first = row / rows * cols;  // row 0 of the plane's parameter
    std::vector<long double> sums(cols);
    for (std::int64_t from = 0; from < cols; ++from) {
      const long double token = tokens[row * cols + from];
      for (std::int64_t to = 0; to < cols; ++to) {
        sums[to] += token * parameter[(first + from) * cols + to];
      }
    }
    out.insert(out.end(), sums.begin(), sums.end());
  }
  return out;
}

/// Queries and values; the keys are A2.
struct Projected {
  std::vector<double> q, v;
};

Projected project(const AttentionProblem& p, const ParameterInputs& in) {
  const std::int64_t planes = p.batch * p.heads;
  const std::int64_t kv_planes = p.batch * p.kv_heads;
  require_size(in.a1.size(), planes * p.seqlen_q * p.head_dim, "a1");
  require_size(in.x.size(), planes * p.head_dim * p.head_dim, "x");
  require_size(in.a3.size(), kv_planes * p.seqlen_kv * p.head_dim_v, "a3");
  require_size(in.y.size(), kv_planes * p.head_dim_v * p.head_dim_v, "y");
  return {.q = product(in.a1, in.x, planes, p.seqlen_q, p.head_dim),
          .v = product(in.a3, in.y, kv_planes, p.seqlen_kv, p.head_dim_v)};
}

}  // namespace

AttentionOutput parameter_attention(const AttentionProblem& problem, const ParameterInputs& in) {
  const Projected projected = project(problem, in);
  return attention(problem, projected.q, in.a2, projected.v);
}

Gradient parameter_gradient(const AttentionProblem& problem, const ParameterInputs& in,
                            std::span<const double> d_o) {
  const Projected projected = project(problem, in);
  const Gradient dq = attention_backward(problem, projected.q, in.a2, projected.v, d_o).dq;
  const std::int64_t d = problem.head_dim;
  const std::int64_t planes = problem.batch * problem.heads;
  std::vector<long double> sums(planes * d * d);
  std::vector<long double> sizes(planes * d * d);
  for (std::int64_t row = 0; row < planes * problem.seqlen_q; ++row) {
    const std::int64_t first = row / problem.seqlen_q * d;  // row 0 of the plane's dX
    for (std::int64_t from = 0; from < d; ++from) {
      const long double token = in.a1[row * d + from];
      for (std::int64_t to = 0; to < d; ++to) {
        sums[(first + from) * d + to] += token * dq.values[row * d + to];
        sizes[(first + from) * d + to] += std::abs(token) * dq.sizes[row * d + to];
      }
    }
  }
  Gradient out;
  out.values.assign(sums.begin(), sums.end());
  out.sizes.assign(sizes.begin(), sizes.end());
  out.size = *std::ranges::max_element(out.sizes);
  return out;
}

}  // namespace attnsim::reference
