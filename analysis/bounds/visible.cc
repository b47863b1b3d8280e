#include "analysis/bounds/visible.h"

#include <algorithm>
#include <limits>

#include "sim/core/error.h"
#include "sim/trace/mask_counts.h"

namespace attnsim::bounds {
namespace {

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

}  // namespace

// With a band, row r sees key c in every head iff lo <= c - r <= hi.
Visible visible(const Workload& w) {
  if (w.mask) {
    const VisibleCounts seen = MaskCounts(w).visible();
    return {seen.rows, seen.keys, seen.pairs};
  }
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
  const std::int64_t rows =
      interval_size(std::max<std::int64_t>(0, -hi), std::min(nq - 1, nk - 1 - lo));
  const std::int64_t first_key = std::max<std::int64_t>(0, lo);
  const std::int64_t last_key = std::min(nk - 1, nq - 1 + hi);
  const std::int64_t keys = interval_size(first_key, last_key);
  // Those of the prefix are there once for the whole batch.
  const std::int64_t shared = interval_size(first_key, std::min(last_key, w.prefix - 1));
  const Wide pairs = pairs_below(nq, nk, hi) - pairs_below(nq, nk, lo - 1);
  return {.rows = wide(rows) * wide(w.query_planes()),
          .keys = wide(keys - shared) * wide(w.kv_planes()) + wide(shared) * wide(w.kv_heads),
          .pairs = pairs * wide(w.query_planes())};
}

std::uint64_t visible_pairs(const Workload& workload) {
  const Wide pairs = visible(workload).pairs;
  if (pairs > std::numeric_limits<std::uint64_t>::max()) {
    throw UserError("the workload has more than 2^64 - 1 visible pairs of query row and key");
  }
  return static_cast<std::uint64_t>(pairs);
}

}  // namespace attnsim::bounds
