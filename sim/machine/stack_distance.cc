#include "sim/machine/stack_distance.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

namespace attnsim::machine {

namespace {

constexpr std::size_t kFirstBuckets = 4096;

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
      push(page, begin, stop, kind.write ? 0 : kClean);
      begin = stop;
    }
  }
}

/// Used again, in some caches a hit.
void StackDistance::hit(Blocks::Id id, std::uint32_t begin, std::uint32_t end, const Kind& kind) {
  const Blocks::Block& block = blocks_[id];
  const std::uint64_t old_level = block.state.level;
  const std::uint64_t level = count_hit(old_level, depth(id, begin), end - begin, kind);
  // The newest lines again, in the same order: nothing changes.
  if (id == blocks_.newest() && end == block.end() && level == old_level) return;
  StartPage& page = *block.page;
  take(id, begin, end);
  push(page, begin, end, level);
}

/// Of `line`, and of each line after it in the block by the time its turn comes.
std::uint64_t StackDistance::depth(Blocks::Id id, std::uint32_t line) const {
  const Blocks::Block& block = blocks_[id];
  const std::uint64_t bucket = block.state.time / kBucket;
  std::uint64_t lines = lines_at_.after(bucket) + (block.end() - line);
  for (Blocks::Id newer = block.newer; newer != 0; newer = blocks_[newer].newer) {
    if (blocks_[newer].state.time / kBucket != bucket) break;
    lines += blocks_[newer].length;
  }
  return lines;
}

/// The level afterwards.
std::uint64_t StackDistance::count_hit(std::uint64_t level, std::uint64_t depth,
                                       std::uint64_t lines, const Kind& kind) {
  Change& change = changes_.get(depth);
  (kind.write ? change.write_hits : change.read_hits) += lines;
  if (kind.fetched) change.fills_saved += lines;
  if (level < depth) {
    change.written -= lines;
    changes_.get(level).written += lines;
  }
  if (kind.write) return 0;
  return std::max(level, depth);  // kClean is the greatest
}

void StackDistance::take(Blocks::Id id, std::uint32_t begin, std::uint32_t end) {
  const Blocks::Block& block = blocks_[id];
  const std::uint64_t time = block.state.time;
  const std::uint64_t above = block.end() - end;
  lines_at_.add(time / kBucket, 0 - std::uint64_t{block.end() - begin});
  if (above != 0) lines_at_.add((time + (end - block.begin)) / kBucket, above);
  blocks_.take(id, begin, end);
}

void StackDistance::push(StartPage& page, std::uint32_t begin, std::uint32_t end,
                         std::uint64_t level) {
  const std::uint64_t lines = end - begin;
  if ((now_ + lines) / kBucket >= lines_at_.buckets()) renumber();
  blocks_.push(page, begin, end, {now_, level});
  lines_at_.add(blocks_[blocks_.newest()].state.time / kBucket, lines);
  now_ += lines;
}

/// Closes the gaps in time that re-used lines left behind; at least half of the times are then
/// free.
void StackDistance::renumber() {
  lines_at_.reset(std::max<std::size_t>(kFirstBuckets, 2 * cold_ / kBucket + kPageLines));
  now_ = 0;
  for (Blocks::Id id = blocks_.oldest(); id != 0; id = blocks_[id].newer) {
    blocks_.set_state(id, {now_, blocks_[id].state.level});
    lines_at_.add(now_ / kBucket, blocks_[id].length);
    now_ += blocks_[id].length;
  }
}

MissCurve StackDistance::curve() const {
  // Where the curves change: what was counted, and the written lines that are still on the stack,
  // line i of a block at depth above + i + 1.
  std::map<std::uint64_t, Change> changes;
  struct Bend {
    std::uint64_t jump = 0, slope = 0;
  };
  std::map<std::uint64_t, Bend> bends = {{0, {}}};
  for (const auto& change : changes_.entries()) changes.emplace(change->capacity, *change);
  std::uint64_t above = 0;
  for (Blocks::Id id = blocks_.newest(); id != 0; id = blocks_[id].older) {
    const std::uint64_t level = blocks_[id].state.level;
    const std::uint64_t lines = blocks_[id].length;
    if (level != kClean) {
      changes.try_emplace(level, level).first->second.written += lines;
      const std::uint64_t jump = level > above ? std::min(level - above, lines) : 0;
      bends[std::max(level, above)].jump += jump;
      ++bends[std::max(level, above)].slope;
      --bends[std::max(level, above + lines)].slope;
    }
    above += lines;
  }

  std::vector<MissCurve::Step> steps = {
      {0, total_.read_hits, total_.write_hits, total_.fills_saved, 0}};
  for (const auto& [capacity, change] : changes) {
    MissCurve::Step step = steps.back();
    step.capacity = capacity;
    step.read_misses -= change.read_hits;
    step.write_misses -= change.write_hits;
    step.fills -= change.fills_saved;
    step.written += change.written;
    if (capacity == 0) steps.clear();
    steps.push_back(step);
  }
  std::vector<MissCurve::Knot> knots;
  MissCurve::Knot knot;
  for (const auto& [capacity, bend] : bends) {
    knot.final_dirty += knot.slope * (capacity - knot.capacity) + bend.jump;
    knot.capacity = capacity;
    knot.slope += bend.slope;
    if (knots.empty() || bend.jump != 0 || bend.slope != 0) knots.push_back(knot);
  }
  return {std::move(steps), std::move(knots), cold_};
}

}  // namespace attnsim::machine
