#include "sim/trace/mask.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "sim/core/error.h"

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

/// Joins neighbours of the same kind.
std::vector<Run> joined(const std::vector<Run>& runs) {
  std::vector<Run> out;
  for (const Run& run : runs) {
    if (!out.empty() && out.back().end == run.begin && out.back().kind == run.kind &&
        out.back().tag == run.tag) {
      out.back().end = run.end;
    } else {
      out.push_back(run);
    }
  }
  return out;
}

}  // namespace

AttentionMask::AttentionMask(const Workload& w, std::int64_t row_group)
    : positions_(w.seqlen_q), keys_(w.seqlen_kv), row_group_(row_group), blocks_(block_mask_of(w)) {
  ATTNSIM_CHECK(blocks_ == nullptr || row_group == 1, "block masks have no packed rows");
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
  ATTNSIM_CHECK(blocks_ == nullptr, "a block mask needs the plane");
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
  ATTNSIM_CHECK(blocks_ == nullptr, "a block mask needs the plane");
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

/// A block mask may differ by plane: only then does the plane's number matter.
const PlaneBlocks& AttentionMask::blocks_of(Index plane) const {
  return blocks_->plane(blocks_->differs_by_plane() ? plane.value() : 0);
}

/// One direction of the score matrix, cut into tiles of `size`; a unit x of the other direction
/// sees its units x + lo .. x + hi.
struct AttentionMask::Axis {
  std::int64_t extent, size;
  std::int64_t lo, hi;
};

/// The tiles of `other` that tile `number` of `own` sees, where `lists` holds for each mask block
/// of `own` the visible ones of `other`. Runs are full where the tile is covered by visible blocks.
std::vector<Run> AttentionMask::visible_tiles(
    const Axis& own, std::int64_t number, const Axis& other,
    const std::vector<std::vector<std::int32_t>>& lists) const {
  const std::int64_t block = blocks_->block();
  const std::int64_t first = number * own.size;
  const std::int64_t last = std::min(first + own.size, own.extent) - 1;
  struct Part {
    bool visible = false;
    std::int64_t covered = 0;  // elements in visible blocks
  };
  std::map<std::int64_t, Part> tiles;
  for (std::int64_t b = first / block; b <= last / block; ++b) {
    const std::int64_t x0 = std::max(first, b * block);
    const std::int64_t x1 = std::min(last, (b + 1) * block - 1);
    for (const std::int64_t seen : lists[static_cast<std::size_t>(b)]) {
      const std::int64_t y0 = seen * block;
      const std::int64_t y1 = std::min(y0 + block, other.extent) - 1;
      // What the band leaves of the block: an interval, for a block of own.
      const std::int64_t in0 = std::max(y0, x0 + other.lo);
      const std::int64_t in1 = std::min(y1, x1 + other.hi);
      for (std::int64_t t = y0 / other.size; t <= y1 / other.size; ++t) {
        const std::int64_t t0 = std::max(y0, t * other.size);
        const std::int64_t t1 = std::min(y1, (t + 1) * other.size - 1);
        Part& part = tiles[t];
        part.covered += (x1 - x0 + 1) * (t1 - t0 + 1);
        if (in0 <= in1 && in0 <= t1 && in1 >= t0) part.visible = true;
      }
    }
  }
  std::vector<Run> runs;
  for (const auto& [t, part] : tiles) {
    if (!part.visible) continue;
    const std::int64_t units = std::min(other.size, other.extent - t * other.size);
    const bool whole = part.covered == (last - first + 1) * units;
    runs.push_back({t, t + 1, whole ? TileKind::full : TileKind::partial});
  }
  return runs;
}

TileKind AttentionMask::kind_in_band(std::int64_t row, std::int64_t rows, std::int64_t key,
                                     std::int64_t keys) const {
  if (key - (row + rows - 1) < lo_) return TileKind::partial;
  return key + keys - 1 - row > hi_ ? TileKind::diagonal : TileKind::full;
}

std::vector<Run> AttentionMask::key_blocks(Index plane, Index i, std::int64_t Br,
                                           std::int64_t Bc) const {
  if (blocks_ == nullptr) return key_blocks(i, Br, Bc);
  const std::int64_t number = i.value();
  std::vector<Run> runs = visible_tiles({positions_, Br, -hi_, -lo_}, number, {keys_, Bc, lo_, hi_},
                                        blocks_of(plane).by_row);
  for (Run& run : runs) {
    if (run.kind != TileKind::full) continue;
    run.kind = kind_in_band(number * Br, std::min(Br, positions_ - number * Br), run.begin * Bc,
                            std::min(Bc, keys_ - run.begin * Bc));
  }
  return joined(runs);
}

std::vector<Run> AttentionMask::row_blocks(Index plane, Index j, std::int64_t Br,
                                           std::int64_t Bc) const {
  if (blocks_ == nullptr) return row_blocks(j, Br, Bc);
  const std::int64_t number = j.value();
  std::vector<Run> runs = visible_tiles({keys_, Bc, lo_, hi_}, number, {positions_, Br, -hi_, -lo_},
                                        blocks_of(plane).by_col);
  for (Run& run : runs) {
    if (run.kind != TileKind::full) continue;
    run.kind = kind_in_band(run.begin * Br, std::min(Br, positions_ - run.begin * Br), number * Bc,
                            std::min(Bc, keys_ - number * Bc));
  }
  return joined(runs);
}

std::vector<Run> AttentionMask::row_blocks_by_visit(Index plane, Index j, std::int64_t Br,
                                                    std::int64_t Bc,
                                                    std::uint8_t first_visit_tag) const {
  if (blocks_ == nullptr) return row_blocks_by_visit(j, Br, Bc, first_visit_tag);
  std::vector<Run> out;
  for (const Run& run : row_blocks(plane, j, Br, Bc)) {
    for (std::int64_t i = run.begin; i < run.end; ++i) {
      const bool first = key_blocks(plane, i, Br, Bc).front().begin == j.value();
      out.push_back({i, i + 1, run.kind, first ? first_visit_tag : run.tag});
    }
  }
  return joined(out);
}

std::vector<Run> AttentionMask::blind_row_blocks(Index plane, std::int64_t Br,
                                                 std::int64_t Bc) const {
  std::vector<Run> out;
  for (std::int64_t i = 0; i < ceil_div(rows(), Br); ++i) {
    if (key_blocks(plane, i, Br, Bc).empty()) {
      out.push_back({i, i + 1});
    } else if (blocks_ == nullptr) {
      break;  // bottom-right alignment: rows that see nothing are the first ones
    }
  }
  return joined(out);
}

LocalMask AttentionMask::tile(Index plane, Index i, std::int64_t Br, Index j,
                              std::int64_t Bc) const {
  if (blocks_ == nullptr) return {.band = band(i, Br, j, Bc)};
  return {.blocks = true,
          .row = plane.raw_ * positions_ + i.raw_ * Br,
          .col = static_cast<std::int32_t>(j.raw_ * Bc)};
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
