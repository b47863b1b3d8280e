#include "analysis/bounds/upper.h"

#include "analysis/bounds/wide.h"

namespace attnsim::bounds {
namespace {

BoundRow upper_row(const char* id, Wide block, Wide words, const char* formula,
                   const char* holds_for, const char* source) {
  BoundRow row;
  row.id = id;
  row.kind = "upper";
  row.rigorous = true;
  row.applies = block > 0;
  row.words = rounded_down(words);
  row.holds_for = holds_for;
  row.regime = "no mask used";
  row.formula = formula;
  row.source = source;
  return row;
}

struct Shapes {
  Wide heads, nq, nk, d, dv;
};

BoundRow flash_attention_2(const Shapes& s, Wide m) {
  const Wide depth = s.d + s.dv;
  const Wide rows = m > depth ? (m - depth) / (depth + 3) : 0;
  const Wide words =
      rows == 0 ? 0 : s.heads * (s.nq * (depth + 1) + s.nk * depth * ceil_div(s.nq, rows));
  return upper_row("UB_flash_attention_2", rows, words,
                   "B H (N_q (d + d_v + 1) + N_k (d + d_v) ceil(N_q / Br)), "
                   "Br = floor((M - d - d_v) / (d + d_v + 3)), Bc = 1",
                   "flash_attention_2", "Dao 2023, arXiv 2307.08691, Algorithm 1");
}

BoundRow square_tiling(const Shapes& s, Wide m) {
  // b^2 + 4 b <= M iff (b + 2)^2 <= M + 4.
  const Wide b = floor_sqrt(m + 4) - 2;
  const auto blocks = [b](Wide n) { return ceil_div(n, b); };
  const Wide words =
      b == 0 ? 0
             : s.heads * (s.nq * s.d * blocks(s.nk) + s.nk * (s.d + s.dv) * blocks(s.nq) +
                          s.nq * s.nk * (1 + blocks(s.dv)) + s.nq * (s.dv + 4));
  return upper_row("UB_square_tiling", b, words,
                   "B H (N_q d c(N_k) + N_k (d + d_v) c(N_q) + N_q N_k (1 + c(d_v)) "
                   "+ N_q (d_v + 4)), c(n) = ceil(n / b), b^2 + 4 b <= M",
                   "square tiling, rank-1 updates", "Saha and Ye, arXiv 2402.07443, Algorithm 1");
}

}  // namespace

std::vector<BoundRow> upper_bounds(const Workload& w, std::uint64_t m_words) {
  if (w.pass != Pass::forward) return {};
  const Shapes shapes{.heads = wide(w.query_planes()),
                      .nq = wide(w.seqlen_q),
                      .nk = wide(w.seqlen_kv),
                      .d = wide(w.head_dim),
                      .dv = wide(w.head_dim_v)};
  return {flash_attention_2(shapes, m_words), square_tiling(shapes, m_words)};
}

}  // namespace attnsim::bounds
