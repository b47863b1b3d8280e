#include "sim/machine/cache/block_lru.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "sim/core/error.h"

namespace attnsim::machine {

BlockLru::BlockLru(const LruOptions& options, Downstream* below,
                   std::shared_ptr<TouchedLines> touched)
    : capacity_(options.capacity),
      fetch_covered_(options.fetch_covered),
      touched_(std::move(touched)),
      outflow_(below) {
  ATTNSIM_CHECK(capacity_ > 0, "a cache of no lines");
}

void BlockLru::access(const LineAccess& access) {
  const Kind kind{access.tag, access.write,
                  !access.write || !access.covers_lines || fetch_covered_};
  counts_.of(access.tag).accesses += access.lines.count;
  for_each_page(access.lines, [&](std::uint64_t page, std::uint32_t begin, std::uint32_t end) {
    touch(blocks_.page(page), begin, end, kind);
  });
  if (outflow_.active()) outflow_.flush();
}

void BlockLru::touch(StartPage& page, std::uint32_t begin, std::uint32_t end, const Kind& kind) {
  while (begin < end) {
    ++pieces_;
    if (const Blocks::Id id = blocks_.find(page, begin); id != 0) {
      const std::uint32_t stop = std::min(end, blocks_[id].end());
      hit(id, begin, stop, kind.write);
      begin = stop;
    } else {
      begin = miss(page, begin, end, kind);
    }
  }
}

void BlockLru::hit(Blocks::Id id, std::uint32_t begin, std::uint32_t end, bool write) {
  const Blocks::Block& block = blocks_[id];
  State state = block.state;
  state.dirty |= write;
  if (begin == block.begin && end == block.end()) {
    blocks_.promote(id, state);
    return;
  }
  // The newest lines again, in the same order: nothing changes.
  const bool same = state.dirty == block.state.dirty;
  if (same && id == blocks_.newest() && end == block.end()) return;
  StartPage& page = *block.page;
  blocks_.take(id, begin, end);
  blocks_.push(page, begin, end, state);
}

/// Line `begin` misses; where the piece that misses with it ends.
std::uint32_t BlockLru::miss_end(const StartPage& page, std::uint32_t begin,
                                 std::uint32_t limit) const {
  const std::uint32_t next = page.starts.after(begin);
  if (next >= limit) return limit;
  // The chase: full, and what would be evicted first comes next. Its lines go one by one, each
  // before its turn, so they miss as well.
  const Blocks::Block& oldest = blocks_[blocks_.oldest()];
  if (resident_ == capacity_ && oldest.page == &page && oldest.begin == next) {
    return std::min(limit, oldest.end());
  }
  return next;
}

/// Brings in lines from `begin` on; where it stopped.
std::uint32_t BlockLru::miss(StartPage& page, std::uint32_t begin, std::uint32_t limit,
                             const Kind& kind) {
  std::uint32_t end = miss_end(page, begin, limit);
  // More than fit: these first, which the next piece then evicts.
  if (end - begin > capacity_) end = begin + static_cast<std::uint32_t>(capacity_);
  const LineRun lines{page.first_line() + begin, end - begin};
  CacheCounts& counts = counts_.of(kind.tag);
  (kind.write ? counts.write_misses : counts.read_misses) += lines.count;
  if (kind.fetched) counts.fills += lines.count;
  counts.cold += touched_->mark(page.number, begin, end);
  evict_for(lines, kind);
  blocks_.push(page, begin, end, {kind.tag, kind.write});
  resident_ += lines.count;
  return end;
}

/// Makes room for lines, of which there are at most `capacity_`, and reports both ways.
void BlockLru::evict_for(LineRun incoming, const Kind& kind) {
  const std::uint64_t room = std::min(capacity_ - resident_, incoming.count);
  if (outflow_.active() && kind.fetched) outflow_.fetch({incoming.first, room}, kind.tag);
  incoming.first += room;
  incoming.count -= room;
  resident_ -= incoming.count;
  while (incoming.count != 0) {
    const Blocks::Id id = blocks_.oldest();
    const Blocks::Block& block = blocks_[id];
    const auto lines =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(incoming.count, block.length));
    CacheCounts& counts = counts_.of(block.state.tag);
    counts.evictions += lines;
    if (block.state.dirty) counts.write_backs += lines;
    if (outflow_.active()) {
      const LineRun leaving{block.page->first_line() + block.begin, lines};
      outflow_.replace({leaving, block.state.dirty, block.state.tag}, incoming.first, kind.fetched,
                       kind.tag);
    }
    blocks_.drop_low(id, lines);
    incoming.first += lines;
    incoming.count -= lines;
  }
}

void BlockLru::restore(LineRun lines, std::uint16_t tag, bool dirty) {
  for_each_page(lines, [&](std::uint64_t page, std::uint32_t begin, std::uint32_t end) {
    blocks_.push(blocks_.page(page), begin, end, {tag, dirty});
    resident_ += end - begin;
  });
}

void BlockLru::finish() {
  std::vector<Victims> dirty;
  for (Blocks::Id id = blocks_.oldest(); id != 0; id = blocks_[id].newer) {
    const Blocks::Block& block = blocks_[id];
    if (!block.state.dirty) continue;
    counts_.of(block.state.tag).final_dirty += block.length;
    dirty.push_back(
        {{block.page->first_line() + block.begin, block.length}, true, block.state.tag});
    blocks_.set_state(id, {block.state.tag, false});
  }
  if (!outflow_.active()) return;
  std::ranges::sort(dirty, {}, [](const Victims& v) { return v.lines.first; });
  for (const Victims& run : dirty) outflow_.write_back(run.lines, run.tag);
  outflow_.flush();
}

}  // namespace attnsim::machine
