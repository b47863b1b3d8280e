#include "sim/machine/cache/stack_distance.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "sim/core/error.h"

namespace attnsim::machine {

namespace {

constexpr std::size_t kFirstBuckets = 4096;
constexpr std::uint32_t kMaxLines = std::uint32_t{1} << 29U;
constexpr unsigned kMaxBucketBits = 5;  // a bucket holds at most 2^5 blocks

/// At `capacity` the final dirty lines jump, and from there on grow faster or (modulo 2^64) slower.
struct Bend {
  std::uint64_t capacity;
  std::uint64_t jump;
  std::uint64_t slope;
};

std::vector<MissCurve::Knot> knots(std::vector<Bend> bends) {
  std::ranges::sort(bends, {}, &Bend::capacity);
  std::vector<MissCurve::Knot> out(1);
  MissCurve::Knot now;
  for (std::size_t i = 0; i < bends.size();) {
    const std::uint64_t capacity = bends[i].capacity;
    const std::uint64_t slope = now.slope;
    std::uint64_t jump = 0;
    now.final_dirty += slope * (capacity - now.capacity);
    now.capacity = capacity;
    for (; i < bends.size() && bends[i].capacity == capacity; ++i) {
      jump += bends[i].jump;
      now.slope += bends[i].slope;
    }
    now.final_dirty += jump;
    if (capacity == 0) out.clear();
    if (jump != 0 || now.slope != slope || capacity == 0) out.push_back(now);
  }
  return out;
}

}  // namespace

StackDistance::StackDistance(bool fetch_covered) : fetch_covered_(fetch_covered) {
  lines_at_.reset(kFirstBuckets);
}

void StackDistance::access(const RectAccess& rect) {
  LineAccess row = rect.row;
  for (std::uint64_t i = 0; i < rect.rows; ++i, row.lines.first += rect.stride) access(row);
}

void StackDistance::access(const LineAccess& access) {
  const Kind kind{access.write, !access.write || !access.covers_lines || fetch_covered_};
  (kind.write ? total_.write_hits : total_.read_hits) += access.lines.count;
  if (kind.fetched) total_.fills_saved += access.lines.count;
  for_each_page(access.lines, [&](std::uint64_t page, std::uint32_t begin, std::uint32_t end) {
    touch(blocks_.page(page), begin, end, kind);
  });
}

void StackDistance::touch(StartPage& page, std::uint32_t begin, std::uint32_t end,
                          const Kind& kind) {
  while (begin < end) {
    if (const Blocks::Id id = blocks_.find(page, begin); id != 0) {
      const std::uint32_t stop = std::min(end, blocks_[id].end());
      hit(id, begin, stop, kind);
      begin = stop;
    } else {
      const std::uint32_t stop = std::min(end, page.starts.after(begin));
      cold_ += stop - begin;
      ATTNSIM_CHECK(cold_ <= kMaxLines, "too many distinct lines for a curve");
      push(page, begin, stop, kind.write ? 0 : kClean);
      begin = stop;
    }
  }
}

/// Used again, in some caches a hit.
void StackDistance::hit(Blocks::Id id, std::uint32_t begin, std::uint32_t end, const Kind& kind) {
  const Blocks::Block& block = blocks_[id];
  const std::uint32_t old_level = block.state.level;
  const std::uint32_t level = count_hit(old_level, depth(id, begin), end - begin, kind);
  // The newest lines again, in the same order: nothing changes.
  if (id == blocks_.newest() && end == block.end() && level == old_level) return;
  StartPage& page = *block.page;
  take(id, begin, end);
  push(page, begin, end, level);
}

/// Of `line`, and of each line after it in the block by the time its turn comes.
std::uint32_t StackDistance::depth(Blocks::Id id, std::uint32_t line) const {
  const Blocks::Block& block = blocks_[id];
  std::uint32_t lines = block.end() - line;
  if (id == growing_) return lines;
  if (growing_ != 0) lines += blocks_[growing_].length;
  const std::size_t place = bucket(block.state.time);
  lines += lines_at_.after(place);
  for (Blocks::Id newer = block.newer; newer != growing_; newer = blocks_[newer].newer) {
    if (bucket(blocks_[newer].state.time) != place) break;
    lines += blocks_[newer].length;
  }
  return lines;
}

/// The level afterwards.
std::uint32_t StackDistance::count_hit(std::uint32_t level, std::uint32_t depth,
                                       std::uint32_t lines, const Kind& kind) {
  DepthChange& change = changes_.at(depth);
  (kind.write ? change.write_hits : change.read_hits) += lines;
  if (kind.fetched) change.fills_saved += lines;
  if (level < depth) {
    change.written -= lines;
    changes_.at(level).written += lines;
  }
  if (kind.write) return 0;
  return std::max(level, depth);  // kClean is the greatest
}

void StackDistance::take(Blocks::Id id, std::uint32_t begin, std::uint32_t end) {
  if (id == growing_) {
    add_to_tree(id);
    growing_ = 0;
  }
  const Blocks::Block& block = blocks_[id];
  const std::uint32_t time = block.state.time;
  const std::uint32_t above = block.end() - end;
  lines_at_.add(bucket(time), 0 - (block.end() - begin));
  if (above != 0) lines_at_.add(bucket(time + (end - block.begin)), above);
  blocks_.take(id, begin, end);
}

void StackDistance::push(StartPage& page, std::uint32_t begin, std::uint32_t end,
                         std::uint32_t level) {
  const std::uint32_t lines = end - begin;
  if (bucket(now_ + lines) >= lines_at_.buckets()) renumber();
  const Blocks::Id before = blocks_.newest();
  blocks_.push(page, begin, end, {now_, level});
  now_ += lines;
  const Blocks::Id newest = blocks_.newest();
  if (newest == growing_) return;
  if (newest == before) {
    lines_at_.add(bucket(blocks_[newest].state.time), lines);
    return;
  }
  if (growing_ != 0) add_to_tree(growing_);
  growing_ = newest;
}

/// Closes the gaps in time that re-used lines left behind; at least two thirds of the times are
/// then free.
void StackDistance::renumber() {
  const std::size_t mean = cold_ / std::max<std::size_t>(blocks_.size(), 1);
  bucket_bits_ = std::min(static_cast<unsigned>(std::bit_width(mean | 1U)), kMaxBucketBits);
  lines_at_.reset(bucket(3 * cold_ + kPageLines) + kFirstBuckets);
  now_ = 0;
  growing_ = 0;
  for (Blocks::Id id = blocks_.oldest(); id != 0; id = blocks_[id].newer) {
    blocks_.set_state(id, {now_, blocks_[id].state.level});
    lines_at_.add_to_leaf(bucket(now_), blocks_[id].length);
    now_ += blocks_[id].length;
  }
  lines_at_.sum_up();
}

std::vector<MissCurve::Step> StackDistance::steps(const DepthChanges& changes) const {
  std::vector<MissCurve::Step> out = {
      {0, total_.read_hits, total_.write_hits, total_.fills_saved, 0}};
  changes.for_each([&](std::uint64_t capacity, const DepthChange& change) {
    if (capacity != 0) {
      out.push_back(out.back());
      out.back().capacity = capacity;
    }
    out.back().read_misses -= change.read_hits;
    out.back().write_misses -= change.write_hits;
    out.back().fills -= change.fills_saved;
    out.back().written += change.written;
  });
  return out;
}

MissCurve StackDistance::curve() const {
  DepthChanges changes = changes_;
  std::vector<Bend> bends;
  // The written lines that are still on the stack: line i of a block at depth above + i + 1.
  std::uint64_t above = 0;
  for (Blocks::Id id = blocks_.newest(); id != 0; id = blocks_[id].older) {
    const std::uint64_t level = blocks_[id].state.level;
    const std::uint64_t lines = blocks_[id].length;
    if (level != kClean) {
      changes.at(level).written += lines;
      const std::uint64_t jump = level > above ? std::min(level - above, lines) : 0;
      const std::uint64_t begin = std::max(level, above);
      // Where the block above ends its rise this one begins to: one rise.
      if (jump == 0 && !bends.empty() && bends.back().capacity == begin)
        bends.pop_back();
      else
        bends.push_back({begin, jump, 1});
      bends.push_back({std::max(level, above + lines), 0, -std::uint64_t{1}});
    }
    above += lines;
  }
  return {steps(changes), knots(std::move(bends)), cold_};
}

}  // namespace attnsim::machine
