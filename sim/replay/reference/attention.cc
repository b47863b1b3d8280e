#include "sim/replay/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace attnsim::reference {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("reference attention: ") + what);
}

void check(const AttentionProblem& p, std::size_t q_size, std::size_t k_size) {
  require(p.batch >= 1 && p.heads >= 1 && p.kv_heads >= 1 && p.seqlen_q >= 1 && p.seqlen_kv >= 1 &&
              p.head_dim >= 1 && p.head_dim_v >= 1,
          "an extent is below 1");
  require(p.heads % p.kv_heads == 0, "kv_heads does not divide heads");
  require(std::cmp_equal(q_size, p.batch * p.heads * p.seqlen_q * p.head_dim), "size of q");
  require(std::cmp_equal(k_size, p.batch * p.kv_heads * p.seqlen_kv * p.head_dim), "size of k");
  require(p.dropout.empty() ||
              std::cmp_equal(p.dropout.size(), p.batch * p.heads * p.seqlen_q * p.seqlen_kv),
          "size of dropout");
}

void check_v(const AttentionProblem& p, std::size_t v_size) {
  require(std::cmp_equal(v_size, p.batch * p.kv_heads * p.seqlen_kv * p.head_dim_v), "size of v");
}

/// One query row, by its number over all heads: what it sees of the keys.
struct Row {
  std::int64_t number = 0;     // row of Q and O
  std::int64_t first_key = 0;  // row of K and V that is key 0
  bool sees_any = false;
  long double maximum = 0;                                // of the visible scores
  long double sum = 0;                                    // of exp(score - maximum), at least 1
  std::vector<std::pair<std::int64_t, long double>> p{};  // visible keys and their probabilities
};

Row softmax_row(const AttentionProblem& problem, std::span<const double> q,
                std::span<const double> k, std::int64_t number) {
  const std::int64_t d = problem.head_dim;
  const std::int64_t plane = number / problem.seqlen_q;  // b * heads + h
  const std::int64_t group = problem.heads / problem.kv_heads;
  Row row{.number = number, .first_key = plane / group * problem.seqlen_kv};

  // Pass 1: the scores of the visible keys and their maximum.
  const std::int64_t position = number % problem.seqlen_q;
  for (std::int64_t col = 0; col < problem.seqlen_kv; ++col) {
    if (!visible(problem, position, col)) continue;
    if (problem.shows && !problem.shows(plane, position, col)) continue;
    long double dot = 0;
    for (std::int64_t x = 0; x < d; ++x) {
      dot += static_cast<long double>(q[number * d + x]) * k[(row.first_key + col) * d + x];
    }
    const long double score = problem.scale * dot;
    row.maximum = row.sees_any ? std::max(row.maximum, score) : score;
    row.sees_any = true;
    row.p.emplace_back(col, score);
  }

  // Pass 2: exp(score - maximum) and their sum.
  for (auto& [col, p] : row.p) {
    p = std::exp(p - row.maximum);
    row.sum += p;
  }
  for (auto& [col, p] : row.p) p /= row.sum;
  return row;
}

double dropout_of(const AttentionProblem& problem, std::int64_t row, std::int64_t col) {
  return problem.dropout.empty() ? 1 : problem.dropout[row * problem.seqlen_kv + col];
}

/// Column x of the row's output.
long double output_of(const AttentionProblem& problem, const Row& row, std::span<const double> v,
                      std::int64_t x) {
  long double weighted = 0;
  for (const auto& [col, p] : row.p) {
    weighted += p * dropout_of(problem, row.number, col) *
                v[(row.first_key + col) * problem.head_dim_v + x];
  }
  return weighted;
}

/// Of one row: dP of its visible keys, and the mean of dP under P. `mean_size`: the sum of absolute
/// values behind the mean, whether it is got from P and dP or from dO and O.
struct ScoreGradient {
  std::vector<long double> dp{};
  long double mean = 0;
  long double mean_size = 0;
};

ScoreGradient score_gradient(const AttentionProblem& problem, const Row& row,
                             std::span<const double> v, std::span<const double> d_o) {
  const std::int64_t dv = problem.head_dim_v;
  ScoreGradient g;
  for (const auto& [col, p] : row.p) {
    long double dot = 0;
    for (std::int64_t x = 0; x < dv; ++x) {
      dot += static_cast<long double>(d_o[row.number * dv + x]) * v[(row.first_key + col) * dv + x];
    }
    g.dp.push_back(dropout_of(problem, row.number, col) * dot);
    g.mean += p * g.dp.back();
    g.mean_size += p * std::abs(g.dp.back());
  }
  long double output_size = 0;
  for (std::int64_t x = 0; x < dv; ++x) {
    output_size += std::abs(output_of(problem, row, v, x) * d_o[row.number * dv + x]);
  }
  g.mean_size = std::max(g.mean_size, output_size);
  return g;
}

/// Sums in long double, one per element, and the sums of the absolute values of their terms.
class Sums {
 public:
  explicit Sums(std::int64_t count) : sum_(count), size_(count) {}

  /// `size` is at least the term's absolute value.
  void add(std::int64_t at, long double term, long double size) {
    sum_[at] += term;
    size_[at] += size;
  }

  Gradient gradient() const {
    return {.values = {sum_.begin(), sum_.end()},
            .sizes = {size_.begin(), size_.end()},
            .size = static_cast<double>(*std::max_element(size_.begin(), size_.end()))};
  }

 private:
  std::vector<long double> sum_, size_;
};

}  // namespace

bool visible(const AttentionProblem& problem, std::int64_t row, std::int64_t col) {
  // Compared as differences, which stay small, so that no window width can overflow.
  const std::int64_t diagonal = row + (problem.seqlen_kv - problem.seqlen_q);
  if (problem.causal && col > diagonal) return false;
  if (problem.window_right && col - diagonal > *problem.window_right) return false;
  if (problem.window_left && diagonal - col > *problem.window_left) return false;
  return true;
}

AttentionOutput attention(const AttentionProblem& problem, std::span<const double> q,
                          std::span<const double> k, std::span<const double> v) {
  check(problem, q.size(), k.size());
  check_v(problem, v.size());
  const std::int64_t dv = problem.head_dim_v;
  const std::int64_t rows = problem.batch * problem.heads * problem.seqlen_q;

  AttentionOutput out;
  out.o.assign(rows * dv, 0.0);
  out.lse.assign(rows, -kInfinity);
  out.row_max.assign(rows, -kInfinity);
  out.row_sum.assign(rows, 0.0);
  for (std::int64_t r = 0; r < rows; ++r) {
    const Row row = softmax_row(problem, q, k, r);
    if (!row.sees_any) continue;  // O = 0 and LSE = -infinity are already there
    for (std::int64_t x = 0; x < dv; ++x) {
      out.o[r * dv + x] = static_cast<double>(output_of(problem, row, v, x));
    }
    out.lse[r] = static_cast<double>(row.maximum + std::log(row.sum));
    out.row_max[r] = static_cast<double>(row.maximum);
    out.row_sum[r] = static_cast<double>(row.sum);
  }
  return out;
}

std::vector<double> probabilities(const AttentionProblem& problem, std::span<const double> q,
                                  std::span<const double> k) {
  check(problem, q.size(), k.size());
  const std::int64_t rows = problem.batch * problem.heads * problem.seqlen_q;
  std::vector<double> out(rows * problem.seqlen_kv, 0.0);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (const auto& [col, p] : softmax_row(problem, q, k, r).p) {
      out[r * problem.seqlen_kv + col] = static_cast<double>(p);
    }
  }
  return out;
}

AttentionGradients attention_backward(const AttentionProblem& problem, std::span<const double> q,
                                      std::span<const double> k, std::span<const double> v,
                                      std::span<const double> d_o) {
  check(problem, q.size(), k.size());
  check_v(problem, v.size());
  const std::int64_t d = problem.head_dim;
  const std::int64_t dv = problem.head_dim_v;
  const std::int64_t rows = problem.batch * problem.heads * problem.seqlen_q;
  const std::int64_t keys = problem.batch * problem.kv_heads * problem.seqlen_kv;
  require(std::cmp_equal(d_o.size(), rows * dv), "size of d_o");

  Sums dq(rows * d);
  Sums dk(keys * d);
  Sums d_v(keys * dv);
  for (std::int64_t r = 0; r < rows; ++r) {
    const Row row = softmax_row(problem, q, k, r);

    const ScoreGradient g = score_gradient(problem, row, v, d_o);
    for (std::size_t i = 0; i < row.p.size(); ++i) {
      const auto [col, p] = row.p[i];
      const std::int64_t key = row.first_key + col;
      const long double ds = problem.scale * p * (g.dp[i] - g.mean);
      const long double ds_size = problem.scale * p * (std::abs(g.dp[i]) + g.mean_size);
      for (std::int64_t x = 0; x < d; ++x) {
        dq.add(r * d + x, ds * k[key * d + x], ds_size * std::abs(k[key * d + x]));
        dk.add(key * d + x, ds * q[r * d + x], ds_size * std::abs(q[r * d + x]));
      }
      const long double weight = p * dropout_of(problem, r, col);
      for (std::int64_t x = 0; x < dv; ++x) {
        const long double term = weight * d_o[r * dv + x];
        d_v.add(key * dv + x, term, std::abs(term));
      }
    }
  }
  return {.dq = dq.gradient(), .dk = dk.gradient(), .dv = d_v.gradient()};
}

}  // namespace attnsim::reference
