#include "analysis/bounds/shapes.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace attnsim::bounds {
namespace {

constexpr const char* kFlashAttention = "Dao et al., FlashAttention, arXiv 2205.14135, ";
constexpr const char* kSahaYe = "Saha and Ye, arXiv 2402.07443, ";

/// What the shapes are made of, for one query head.
struct Shape {
  double pairs, d, m;
  double n;         // visible pairs over the longer side: N of a square matrix
  double operands;  // N d: elements of one operand, the mean of both sides
  bool forward;

  double flash_attention() const { return pairs * d * d / m; }
  double small_cache() const { return pairs * d / std::sqrt(m); }
};

Shape shape_of(const Workload& w, const Visible& seen, std::uint64_t m_words) {
  const auto heads = static_cast<double>(w.query_planes());
  const double rows = static_cast<double>(seen.rows) / heads;
  const double keys = static_cast<double>(seen.keys) / static_cast<double>(w.kv_planes());
  const double d = static_cast<double>(w.head_dim + w.head_dim_v) / 2;
  const double pairs = static_cast<double>(seen.pairs) / heads;
  return {.pairs = pairs,
          .d = d,
          .m = static_cast<double>(m_words),
          .n = pairs == 0 ? 0 : pairs / std::max(rows, keys),
          .operands = (rows + keys) / 2 * d,
          .forward = w.pass == Pass::forward};
}

BoundRow shape_row(const char* id, const char* kind, bool applies, double words,
                   const char* formula, const char* regime, const std::string& source) {
  BoundRow row;
  row.id = id;
  row.kind = kind;
  row.applies = applies;
  row.words = words;
  row.formula = formula;
  row.regime = regime;
  row.source = source;
  row.holds_for = row.kind == "upper" ? "the source's algorithm" : "standard products";
  return row;
}

/// The rows of one query head.
std::vector<BoundRow> shape_rows(const Shape& s) {
  const bool large = s.m >= s.d * s.d;
  const std::string dao = std::string(kFlashAttention) + (s.forward ? "Theorem 2" : "Theorem 5");
  return {
      shape_row("theta_flash_attention", "upper", large && s.m <= s.n * s.d, s.flash_attention(),
                "Theta(B H P d^2 / M); P visible pairs of a head", "d^2 <= M <= N d", dao),
      shape_row("theta_small_cache", "upper", s.forward && !large, s.small_cache(),
                "Theta(B H P d / sqrt(M)); P visible pairs of a head", "M < d^2",
                std::string(kSahaYe) + "Theorem 3.5"),
      shape_row("theta_attention", "lower", s.forward,
                std::min(s.flash_attention(), s.small_cache()),
                "Theta(B H min(P d^2 / M, P d / sqrt(M))); P visible pairs of a head", "any M",
                std::string(kSahaYe) + "Theorem 3.1"),
      shape_row("theta_standard", "upper", large, s.operands + s.pairs,
                "Theta(B H (N d + P)); P visible pairs of a head", "M >= d^2", dao),
  };
}

/// The theorem is about one whole product.
BoundRow matmul_row(const Workload& w, std::uint64_t m_words) {
  const auto kv_planes = static_cast<double>(w.kv_planes());
  const double scores =
      static_cast<double>(w.group() * w.seqlen_q) * static_cast<double>(w.seqlen_kv);
  const auto m = static_cast<double>(m_words);
  const double one = scores * (2 * static_cast<double>(w.head_dim) / std::sqrt(m) - 1) - 2 * m;
  BoundRow row = shape_row(
      "matmul", "lower", w.pass == Pass::forward && !w.masked() && w.kv_planes() == 1,
      kv_planes * std::max(0.0, one),
      "H_kv B (2 m n d / sqrt(M) - m n - 2 M), m = N_q H / H_kv, n = N_k", "one KV head, no mask",
      "Smith et al., arXiv 1702.02017, as quoted by Kwasniewski et al., arXiv 1908.09606");
  row.holds_for = "standard products, each formed once";
  return row;
}

}  // namespace

std::vector<BoundRow> shapes(const Workload& workload, const Visible& seen, std::uint64_t m_words) {
  std::vector<BoundRow> rows = shape_rows(shape_of(workload, seen, m_words));
  for (BoundRow& row : rows) row.words *= static_cast<double>(workload.query_planes());
  rows.push_back(matmul_row(workload, m_words));
  return rows;
}

std::vector<BoundRow> parameter_gradient_shapes(const Workload& workload, const Visible& seen,
                                                std::uint64_t m_words) {
  const Shape s = shape_of(workload, seen, m_words);
  // Of the product of tokens and parameter, as pairs are of the product of queries and keys.
  const Shape parameter{
      .pairs = s.operands, .d = s.d, .m = s.m, .n = s.n, .operands = s.operands, .forward = false};
  const double words = std::min(s.flash_attention() + parameter.flash_attention(),
                                s.small_cache() + parameter.small_cache());
  return {shape_row("theta_parameter_gradient", "lower", true,
                    words * static_cast<double>(workload.query_planes()),
                    "Theta(B H min((P d^2 + N d^3) / M, (P d + N d^2) / sqrt(M))); P visible pairs "
                    "of a head",
                    "any M", "Li et al., arXiv 2410.09397, Theorem 1.1, second-hand")};
}

}  // namespace attnsim::bounds
