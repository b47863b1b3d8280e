#include "sim/trace/mask.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace attnsim {
namespace {

// Far beyond any length, yet sums of two stay in range.
constexpr std::int64_t kUnbounded = std::int64_t{1} << 60;

std::int32_t clamp32(std::int64_t x) {
  constexpr std::int64_t kLimit = std::numeric_limits<std::int32_t>::max() / 2;
  return static_cast<std::int32_t>(std::clamp(x, -kLimit, kLimit));
}

std::int64_t floor_div(std::int64_t a, std::int64_t b) { return -ceil_div(-a, b); }

/// [begin, end) cut into runs: tiles below `full_begin` meet one edge of the band, tiles from
/// `full_end` on the other; a tile may meet both.
std::vector<Run> cut(std::int64_t begin, std::int64_t end, std::int64_t full_begin,
                     std::int64_t full_end, TileKind below, TileKind beyond) {
  const std::int64_t low = std::clamp(std::min(full_begin, full_end), begin, end);
  const std::int64_t high = std::clamp(std::max(full_begin, full_end), begin, end);
  const TileKind between = full_begin <= full_end ? TileKind::full : TileKind::partial;
  std::vector<Run> runs;
  const auto add = [&](std::int64_t from, std::int64_t to, TileKind kind) {
    if (from < to) runs.push_back({from, to, kind});
  };
  add(begin, low, below);
  add(low, high, between);
  add(high, end, beyond);
  return runs;
}

}  // namespace

AttentionMask::AttentionMask(const Workload& w, std::int64_t row_group)
    : positions_(w.seqlen_q), keys_(w.seqlen_kv), row_group_(row_group) {
  const std::int64_t shift = w.seqlen_kv - w.seqlen_q;
  lo_ = w.window_left ? shift - *w.window_left : -kUnbounded;
  hi_ = w.window_right ? shift + *w.window_right : kUnbounded;
  if (w.causal) hi_ = std::min(hi_, shift);
}

/// Without a band every block sees the same: only then may copies of it be left out.
std::int64_t AttentionMask::number_of(Index block) const {
  return lo_ == -kUnbounded && hi_ == kUnbounded ? block.raw_ : block.value();
}

AttentionMask::Positions AttentionMask::positions_of(std::int64_t i, std::int64_t Br) const {
  return {i * Br / row_group_, (std::min((i + 1) * Br, rows()) - 1) / row_group_};
}

std::vector<Run> AttentionMask::key_blocks(Index i, std::int64_t Br, std::int64_t Bc) const {
  const auto [p0, p1] = positions_of(number_of(i), Br);
  const std::int64_t first_key = std::max<std::int64_t>(0, p0 + lo_);
  const std::int64_t last_key = std::min(keys_ - 1, p1 + hi_);
  if (first_key > last_key) return {};
  // Full: visible to every row of the block, i.e. within the last row's left and the first row's
  // right limit. The last block ends at the last key.
  const std::int64_t full_begin = ceil_div(std::max<std::int64_t>(0, p1 + lo_), Bc);
  const std::int64_t full_end =
      p0 + hi_ >= keys_ - 1 ? ceil_div(keys_, Bc) : floor_div(p0 + hi_ + 1, Bc);
  return cut(first_key / Bc, last_key / Bc + 1, full_begin, full_end, TileKind::partial,
             TileKind::diagonal);
}

std::vector<Run> AttentionMask::row_blocks(Index j, std::int64_t Br, std::int64_t Bc) const {
  const std::int64_t c0 = number_of(j) * Bc;
  const std::int64_t c1 = std::min(c0 + Bc, keys_) - 1;
  const std::int64_t first = std::max<std::int64_t>(0, c0 - hi_);
  const std::int64_t last = std::min(positions_ - 1, c1 - lo_);
  if (first > last) return {};
  // Full: the block's first position reaches right to c1, its last one left to c0.
  const std::int64_t full_begin = ceil_div(std::max<std::int64_t>(0, c1 - hi_) * row_group_, Br);
  const std::int64_t full_end = c0 - lo_ >= positions_ - 1
                                    ? ceil_div(rows(), Br)
                                    : floor_div((c0 - lo_ + 1) * row_group_, Br);
  return cut(first * row_group_ / Br, (last * row_group_ + row_group_ - 1) / Br + 1, full_begin,
             full_end, TileKind::diagonal, TileKind::partial);
}

LocalBand AttentionMask::band(Index i, std::int64_t Br, Index j, std::int64_t Bc) const {
  const std::int64_t row = i.raw_ * Br;
  const std::int64_t offset = row / row_group_ - j.raw_ * Bc;
  return {.lo = clamp32(lo_ + offset),
          .hi = clamp32(hi_ + offset),
          .row_group = static_cast<std::int32_t>(row_group_),
          .phase = static_cast<std::int32_t>(row % row_group_)};
}

std::vector<Run> AttentionMask::row_blocks_by_visit(Index j, std::int64_t Br, std::int64_t Bc,
                                                    std::uint8_t first_visit_tag) const {
  std::vector<Run> runs = row_blocks(j, Br, Bc);
  // The key blocks of a row block are contiguous: it is seen first by j iff j - 1 does not see it.
  std::int64_t seen_before = 0;
  if (j.value() > 0) {
    const std::vector<Run> before = row_blocks(Index(j.value() - 1), Br, Bc);
    if (!before.empty()) seen_before = before.back().end;
  }
  std::vector<Run> out;
  for (const Run& run : runs) {
    const std::int64_t split = std::clamp(seen_before, run.begin, run.end);
    if (run.begin < split) out.push_back({run.begin, split, run.kind});
    if (split < run.end) out.push_back({split, run.end, run.kind, first_visit_tag});
  }
  return out;
}

std::vector<Run> reversed(std::vector<Run> runs) {
  std::reverse(runs.begin(), runs.end());
  for (Run& run : runs) run.descending = !run.descending;
  return runs;
}

std::vector<Run> all_blocks(std::int64_t count) {
  return count > 0 ? std::vector<Run>{{0, count}} : std::vector<Run>{};
}

}  // namespace attnsim
