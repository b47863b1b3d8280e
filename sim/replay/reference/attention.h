// Attention and its gradients by their definitions, in double: what a replay that computes values
// is compared with.
//
//   S = scale * Q K^T,   P = softmax over the visible keys of each row of S,   O = (P o Z) V,
//   LSE[r] = log(sum over the visible keys c of exp(S[r, c]))                  (natural logarithm)
//   dV = (P o Z)^T dO,   dP = (dO V^T) o Z,   dS = P o (dP - rowsum(P o dP)),
//   dQ = scale * dS K,   dK = scale * dS^T Q;   dK and dV summed over the heads that share them
//
// Z is the dropout: 0 or 1 / (1 - probability) per element; all 1 without. Plain loops and a
// two-pass safe softmax (row maximum, then sum); no tiles, no running statistics and nothing of the
// rest of attnsim, so that a fault of a tiled algorithm cannot be shared with it. Dao et al., arXiv
// 2205.14135, section 2.2 and appendix B.1 to B.3; LSE is the logsumexp L of Dao, arXiv 2307.08691,
// section 3.1.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace attnsim::reference {

/// Shapes, mask and scale of one call. Extents are in elements. `heads` is a multiple of
/// `kv_heads`; query head h uses KV head h / (heads / kv_heads) (GQA; kv_heads = 1: MQA).
///
/// The mask is aligned bottom-right: with shift = seqlen_kv - seqlen_q, query row r sees key c iff
/// r + shift - window_left <= c <= r + shift + window_right. An absent side is unbounded. `causal`
/// bounds the right side by 0; together with `window_right` the smaller of the two bounds holds.
struct AttentionProblem {
  std::int64_t batch = 1;
  std::int64_t heads = 1;
  std::int64_t kv_heads = 1;
  std::int64_t seqlen_q = 1;
  std::int64_t seqlen_kv = 1;
  std::int64_t head_dim = 1;    // of Q and K
  std::int64_t head_dim_v = 1;  // of V and O
  bool causal = false;
  std::optional<std::int64_t> window_left{};
  std::optional<std::int64_t> window_right{};
  /// Whether a row of a plane (batch * heads + head) sees a key, where the limits above allow it;
  /// empty: always.
  std::function<bool(std::int64_t plane, std::int64_t row, std::int64_t key)> shows{};
  double scale = 1.0;             // usually 1 / sqrt(head_dim)
  std::vector<double> dropout{};  // Z [batch, heads, seqlen_q, seqlen_kv]; empty: no dropout
};

/// All arrays of this file are dense and row-major: the last index is contiguous.
struct AttentionOutput {
  std::vector<double> o;    // [batch, heads, seqlen_q, head_dim_v]; 0 in a row that sees no key
  std::vector<double> lse;  // [batch, heads, seqlen_q]; -infinity for a row that sees no key
  // LSE in two parts, row_max + log(row_sum): the largest visible score, and the sum of exp(S -
  // row_max). -infinity and 0 for a row that sees no key.
  std::vector<double> row_max, row_sum;
};

/// One gradient. `sizes` are the sums of absolute values of the terms that make up each element:
/// what relative errors of the terms can amount to. `size` is the largest.
struct Gradient {
  std::vector<double> values;
  std::vector<double> sizes;
  double size = 0;
};

struct AttentionGradients {
  Gradient dq;  // [batch, heads, seqlen_q, head_dim]; 0 in a row that sees no key
  Gradient dk;  // [batch, kv_heads, seqlen_kv, head_dim]
  Gradient dv;  // [batch, kv_heads, seqlen_kv, head_dim_v]
};

/// Whether the limits let query row `row` (0 <= row < seqlen_q) see key `col` (0 <= col <
/// seqlen_kv); `shows` is not asked.
bool visible(const AttentionProblem& problem, std::int64_t row, std::int64_t col);

/// q [batch, heads, seqlen_q, head_dim], k [batch, kv_heads, seqlen_kv, head_dim],
/// v [batch, kv_heads, seqlen_kv, head_dim_v], all finite. Keys that a row does not see are never
/// read for it. Dot products and sums are accumulated in long double and rounded to double once, at
/// the end. Throws std::invalid_argument when an extent is below 1, kv_heads does not divide heads,
/// or an array has another size than its shape. All of this holds for every function here.
AttentionOutput attention(const AttentionProblem& problem, std::span<const double> q,
                          std::span<const double> k, std::span<const double> v);

/// P [batch, heads, seqlen_q, seqlen_kv], before dropout; 0 where a row does not see a key.
std::vector<double> probabilities(const AttentionProblem& problem, std::span<const double> q,
                                  std::span<const double> k);

/// The gradients of sum(dO o O), d_o [batch, heads, seqlen_q, head_dim_v].
AttentionGradients attention_backward(const AttentionProblem& problem, std::span<const double> q,
                                      std::span<const double> k, std::span<const double> v,
                                      std::span<const double> d_o);

}  // namespace attnsim::reference
