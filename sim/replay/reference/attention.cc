#include "sim/replay/reference/attention.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <utility>

namespace attnsim::reference {
namespace {

void require(bool holds, const char* what) {
  if (!holds) throw std::invalid_argument(std::string("reference attention: ") + what);
}

void check(const AttentionProblem& p, std::size_t q_size, std::size_t k_size, std::size_t v_size) {
  require(p.batch >= 1 && p.heads >= 1 && p.kv_heads >= 1 && p.seqlen_q >= 1 && p.seqlen_kv >= 1 &&
              p.head_dim >= 1 && p.head_dim_v >= 1,
          "an extent is below 1");
  require(p.heads % p.kv_heads == 0, "kv_heads does not divide heads");
  require(std::cmp_equal(q_size, p.batch * p.heads * p.seqlen_q * p.head_dim), "size of q");
  require(std::cmp_equal(k_size, p.batch * p.kv_heads * p.seqlen_kv * p.head_dim), "size of k");
  require(std::cmp_equal(v_size, p.batch * p.kv_heads * p.seqlen_kv * p.head_dim_v), "size of v");
}

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
  check(problem, q.size(), k.size(), v.size());
  const std::int64_t d = problem.head_dim;
  const std::int64_t dv = problem.head_dim_v;
  const std::int64_t group = problem.heads / problem.kv_heads;

  AttentionOutput out;
  out.o.assign(problem.batch * problem.heads * problem.seqlen_q * dv, 0.0);
  out.lse.assign(problem.batch * problem.heads * problem.seqlen_q,
                 -std::numeric_limits<double>::infinity());

  std::vector<long double> score(problem.seqlen_kv);
  std::vector<long double> weight(problem.seqlen_kv);
  for (std::int64_t b = 0; b < problem.batch; ++b) {
    for (std::int64_t h = 0; h < problem.heads; ++h) {
      const std::int64_t kv_plane = b * problem.kv_heads + h / group;
      for (std::int64_t row = 0; row < problem.seqlen_q; ++row) {
        const std::int64_t plane = b * problem.heads + h;
        const auto sees = [&](std::int64_t col) {
          return visible(problem, row, col) && (!problem.shows || problem.shows(plane, row, col));
        };
        const std::int64_t out_row = plane * problem.seqlen_q + row;

        // Pass 1: the scores of the visible keys and their maximum.
        bool any = false;
        long double maximum = 0;
        for (std::int64_t col = 0; col < problem.seqlen_kv; ++col) {
          if (!sees(col)) continue;
          const std::int64_t kv_row = kv_plane * problem.seqlen_kv + col;
          long double dot = 0;
          for (std::int64_t x = 0; x < d; ++x) {
            dot += static_cast<long double>(q[out_row * d + x]) * k[kv_row * d + x];
          }
          score[col] = problem.scale * dot;
          maximum = any ? std::max(maximum, score[col]) : score[col];
          any = true;
        }
        if (!any) continue;  // O = 0 and LSE = -infinity are already there

        // Pass 2: exp(score - maximum), whose sum is at least 1; then each output.
        long double sum = 0;
        for (std::int64_t col = 0; col < problem.seqlen_kv; ++col) {
          if (!sees(col)) continue;
          weight[col] = std::exp(score[col] - maximum);
          sum += weight[col];
        }
        for (std::int64_t x = 0; x < dv; ++x) {
          long double weighted = 0;
          for (std::int64_t col = 0; col < problem.seqlen_kv; ++col) {
            if (!sees(col)) continue;
            const std::int64_t kv_row = kv_plane * problem.seqlen_kv + col;
            weighted += weight[col] * v[kv_row * dv + x];
          }
          out.o[out_row * dv + x] = static_cast<double>(weighted / sum);
        }
        out.lse[out_row] = static_cast<double>(maximum + std::log(sum));
      }
    }
  }
  return out;
}

}  // namespace attnsim::reference
