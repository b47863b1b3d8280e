#include "analysis/bounds/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/core/error.h"
#include "sim/machine/hierarchy.h"
#include "sim/trace/mask_counts.h"
#include "sim/trace/target.h"

namespace attnsim::bounds {
namespace {

// Pairs of all heads at a length of 2^40 need 80 bits and more.
__extension__ using Wide = unsigned __int128;

constexpr const char* kFlashAttention = "Dao et al., FlashAttention, arXiv 2205.14135, ";
constexpr const char* kSahaYe = "Saha and Ye, arXiv 2402.07443, ";

/// What one query head sees.
struct Visible {
  std::int64_t rows = 0;  // query rows that see a key
  std::int64_t keys = 0;  // keys that some row sees
  Wide pairs = 0;
};

Wide wide(std::int64_t n) { return static_cast<Wide>(n); }

/// 1 + 2 + ... + n, and 0 for n < 1.
Wide triangle(std::int64_t n) { return n < 1 ? 0 : wide(n) * wide(n + 1) / 2; }

std::int64_t interval_size(std::int64_t first, std::int64_t last) {
  return std::max<std::int64_t>(0, last - first + 1);
}

/// Pairs (r, c) of an nq x nk matrix with c - r <= offset: row r has r + offset + 1 of them,
/// clamped to 0..nk. REQUIRES: -nq <= offset + 1, offset <= nk.
Wide pairs_below(std::int64_t nq, std::int64_t nk, std::int64_t offset) {
  const Wide at_least_zero = triangle(nq + offset) - triangle(offset);
  const Wide above_nk = triangle(nq + offset - nk) - triangle(offset - nk);
  return at_least_zero - above_nk;
}

/// Row r sees key c iff lo <= c - r <= hi. REQUIRES: no block mask.
Visible visible(const Workload& w) {
  const std::int64_t nq = w.seqlen_q;
  const std::int64_t nk = w.seqlen_kv;
  const std::int64_t shift = nk - nq;
  std::int64_t lo = -nq;
  std::int64_t hi = nk;
  const std::int64_t far = nq + nk;  // a window that reaches this far is no limit
  if (w.window_left) lo = std::max(lo, shift - std::min(*w.window_left, far));
  if (w.window_right) hi = std::min(hi, shift + std::min(*w.window_right, far));
  if (w.causal) hi = std::min(hi, shift);
  if (lo > hi) return {};
  return {.rows = interval_size(std::max<std::int64_t>(0, -hi), std::min(nq - 1, nk - 1 - lo)),
          .keys = interval_size(std::max<std::int64_t>(0, lo), std::min(nk - 1, nq - 1 + hi)),
          .pairs = pairs_below(nq, nk, hi) - pairs_below(nq, nk, lo - 1)};
}

/// What all heads see: rows and pairs summed over query planes, keys over KV planes.
struct Totals {
  Wide rows = 0, keys = 0, pairs = 0;
};

Totals totals(const Workload& w) {
  if (w.mask) {
    const VisibleCounts seen = MaskCounts(w).visible();
    return {seen.rows, seen.keys, seen.pairs};
  }
  const Visible seen = visible(w);
  return {wide(seen.rows) * wide(w.query_planes()), wide(seen.keys) * wide(w.kv_planes()),
          seen.pairs * wide(w.query_planes())};
}

/// Elements every algorithm reads or writes; `formula` says of what.
struct Compulsory {
  Wide elements = 0;
  const char* formula = "";
};

Compulsory compulsory_elements(const Workload& w) {
  const Totals seen = totals(w);
  const Wide d = wide(w.head_dim);
  const Wide dv = wide(w.head_dim_v);
  const Wide query_planes = wide(w.query_planes());
  const Wide kv_planes = wide(w.kv_planes());
  const Wide kv_read = seen.keys * (d + dv);
  const Wide output = query_planes * wide(w.seqlen_q) * dv;
  if (w.pass == Pass::forward) {
    return {seen.rows * d + kv_read + output,
            "B H (R d + N_q d_v) + B H_kv C (d + d_v); R rows, C keys visible"};
  }
  // Q, K, V, dO are read; dQ, dK, dV are written in full.
  const Wide gradients =
      query_planes * wide(w.seqlen_q) * d + kv_planes * wide(w.seqlen_kv) * (d + dv);
  const Wide backward = seen.rows * (d + dv) + kv_read + gradients;
  if (w.pass == Pass::backward) {
    return {backward,
            "B H (R (d + d_v) + N_q d) + B H_kv (C + N_k) (d + d_v); R rows, C keys visible"};
  }
  return {backward + output,
          "B H (R + N_q) (d + d_v) + B H_kv (C + N_k) (d + d_v); R rows, C keys visible"};
}

/// What the shapes are made of, for one query head (on average, where heads differ).
struct Shape {
  double pairs, d, m;
  double n;         // visible pairs over the longer side: N of a square matrix
  double operands;  // N d: elements of one operand, the mean of both sides
  bool forward;

  double flash_attention() const { return pairs * d * d / m; }
  double small_cache() const { return pairs * d / std::sqrt(m); }
};

Shape shape_of(const Workload& w, std::uint64_t m_words) {
  const Totals seen = totals(w);
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
                   const char* formula, const std::string& source) {
  BoundRow row;
  row.id = id;
  row.kind = kind;
  row.applies = applies;
  row.words = words;
  row.formula = formula;
  row.source = source;
  return row;
}

/// The rows of one query head.
std::vector<BoundRow> shape_rows(const Shape& s) {
  const bool large = s.m >= s.d * s.d;
  const std::string dao = std::string(kFlashAttention) + (s.forward ? "Theorem 2" : "Theorem 5");
  return {
      shape_row("theta_flash_attention", "upper", large && s.m <= s.n * s.d, s.flash_attention(),
                "Theta(B H P d^2 / M), d^2 <= M <= N d; P visible pairs of a head", dao),
      shape_row("theta_small_cache", "upper", s.forward && !large, s.small_cache(),
                "Theta(B H P d / sqrt(M)), M < d^2; P visible pairs of a head",
                std::string(kSahaYe) + "Theorem 3.5"),
      shape_row("theta_attention", "lower", s.forward,
                std::min(s.flash_attention(), s.small_cache()),
                "Theta(B H min(P d^2 / M, P d / sqrt(M))); P visible pairs of a head",
                std::string(kSahaYe) + "Theorem 3.1"),
      shape_row("theta_standard", "upper", large, s.operands + s.pairs,
                "Theta(B H (N d + P)), M >= d^2; P visible pairs of a head", dao),
  };
}

std::vector<BoundRow> shapes(const Workload& workload, const MachineSpec& machine,
                             const std::string& memory) {
  const std::uint64_t m_words = Target(machine, workload).on_chip_words();
  if (m_words == 0) return {};
  const auto heads = static_cast<double>(workload.query_planes());
  std::vector<BoundRow> rows = shape_rows(shape_of(workload, m_words));
  for (BoundRow& row : rows) {
    row.memory = memory;
    row.m_words = Words(m_words);
    row.words *= heads;
    row.bytes = row.words * workload.word_bits() / 8;
  }
  return rows;
}

}  // namespace

std::uint64_t visible_pairs(const Workload& workload) {
  const Wide pairs = totals(workload).pairs;
  if (pairs > std::numeric_limits<std::uint64_t>::max()) {
    throw UserError("the workload has more than 2^64 - 1 visible pairs of query row and key");
  }
  return static_cast<std::uint64_t>(pairs);
}

BoundRow compulsory(const Workload& workload, const MachineSpec& machine,
                    const std::string& memory) {
  ATTNSIM_CHECK(machine.memory(memory) != nullptr, memory);
  const Compulsory least = compulsory_elements(workload);
  BoundRow row;
  row.id = "LB0";
  row.memory = memory;
  row.rigorous = true;
  // Inputs and outputs have the workload's dtype, hence an element is one word on every machine.
  row.words = static_cast<double>(least.elements);
  row.bytes = static_cast<double>((least.elements * wide(workload.word_bits()) + 7) / 8);
  row.formula = least.formula;
  row.source = "compulsory traffic: each input word that a visible score needs, each output word";
  return row;
}

std::vector<BoundRow> bounds(const Workload& workload, const MachineSpec& machine) {
  const machine::Hierarchy hierarchy(machine);
  std::vector<BoundRow> rows;
  for (std::size_t memory = 0; memory < machine.memories.size(); ++memory) {
    if (!hierarchy.outside_core(memory)) continue;
    const std::string& name = machine.memories[memory].name;
    rows.push_back(compulsory(workload, machine, name));
    if (memory != hierarchy.core_boundary()) continue;
    for (BoundRow& row : shapes(workload, machine, name)) rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace attnsim::bounds
