#include "sim/machine/cache/opt_replay.h"

#include <algorithm>
#include <bit>

#include "sim/machine/cache/word_bits.h"

namespace attnsim::machine {
namespace {

std::uint64_t ones(std::uint64_t count) {
  return count == 0 ? 0 : ~std::uint64_t{0} >> (64 - count);
}

std::uint64_t trailing_zeros(std::uint64_t bits) {
  return static_cast<std::uint64_t>(std::countr_zero(bits));
}

}  // namespace

std::uint64_t OptLedger::leaving_together(std::uint64_t most, std::uint64_t dirty) const {
  if (!ordered_) return most;
  return std::min(most, 1 + trailing_zeros(dirty >> 1));
}

void OptLedger::miss(const LineAccess& access, LineRun lines) {
  CacheCounts& counts = counts_[access.tag];
  counts.misses += lines.count;
  (access.write ? counts.write_misses : counts.read_misses) += lines.count;
  if (access.write && access.covers_lines && !fetches_covered_writes_) return;
  counts.fills += lines.count;
  below_.fetch(lines, access.tag);
}

void OptLedger::evict(LineRun lines, std::uint16_t tag, std::uint64_t dirty) {
  CacheCounts& counts = counts_[tag];
  counts.evictions += lines.count;
  for_each_bit_run(dirty, [&](std::uint32_t begin, std::uint32_t count) {
    counts.write_backs += count;
    below_.write_back({lines.first + begin, count}, tag);
  });
}

void OptLedger::settle(std::vector<std::pair<std::uint64_t, std::uint16_t>> dirty) {
  below_.flush();
  std::ranges::sort(dirty);
  for (const auto& [line, tag] : dirty) {
    ++counts_[tag].final_dirty;
    below_.write_back({line, 1}, tag);
  }
  below_.flush();
}

OptFullReplay::OptFullReplay(std::uint64_t capacity, RecordedUses& uses, OptLedger& ledger)
    : capacity_(capacity),
      uses_(uses),
      ledger_(ledger),
      resident_(uses.duration()),
      dirty_(uses.duration()) {}

void OptFullReplay::run() {
  for (const RecordedUses::Access& access : uses_.accesses()) {
    Chunk chunk{&access.what, access.what.lines.first, access.time, 0, 0};
    for (std::uint64_t left = access.what.lines.count; left > 0;) {
      const NextUses piece = uses_.take();
      chunk.next = piece.next;
      for (std::uint64_t to_do = piece.count; to_do > 0;) {
        chunk.count = std::min<std::uint64_t>(64, to_do);
        to_do -= chunk.count;
        replay(chunk);
      }
      left -= piece.count;
    }
  }
  std::vector<std::pair<std::uint64_t, std::uint16_t>> dirty;
  for (const Dead& d : dead_) {
    for (std::uint64_t i = 0; i < d.count; ++i) {
      if ((d.dirty >> i & 1) != 0) dirty.emplace_back(d.line + i, d.tag);
    }
  }
  ledger_.settle(std::move(dirty));
}

void OptFullReplay::replay(Chunk& chunk) {
  while (chunk.count > 0) {
    const std::uint64_t here = resident_.read(chunk.time, chunk.count);
    const std::uint64_t misses = here == 0 ? chunk.count : trailing_zeros(here);
    if (misses == 0) {
      hit(chunk, std::min(chunk.count, static_cast<std::uint64_t>(std::countr_one(here))));
      continue;
    }
    if (passes_through(chunk, misses)) {
      pass_through(chunk, misses);
      continue;
    }
    // Room may be made by a line that this very chunk is about to use: look again after each.
    const std::uint64_t room = make_room(chunk, misses);
    ledger_.miss(*chunk.access, {chunk.line, room});
    size_ += room;
    keep(chunk, room, chunk.access->write ? ones(room) : 0);
  }
}

void OptFullReplay::hit(Chunk& chunk, std::uint64_t count) {
  const std::uint64_t was_dirty = dirty_.read(chunk.time, count);
  resident_.erase(chunk.time, ones(count));
  dirty_.erase(chunk.time, was_dirty);
  ledger_.hit(*chunk.access, count);
  keep(chunk, count, chunk.access->write ? ones(count) : was_dirty);
}

void OptFullReplay::keep(Chunk& chunk, std::uint64_t count, std::uint64_t dirty) {
  if (chunk.next == kNever) {
    dead_.push_back({chunk.line, count, dirty, chunk.access->tag});
    dead_lines_ += count;
  } else {
    resident_.insert(chunk.next, ones(count));
    dirty_.insert(chunk.next, dirty);
    chunk.next += count;
  }
  chunk.line += count;
  chunk.time += count;
  chunk.count -= count;
}

bool OptFullReplay::passes_through(const Chunk& chunk, std::uint64_t misses) const {
  return chunk.next == kNever && size_ == capacity_ && dead_.size() == 1 && dead_lines_ < misses &&
         !ledger_.sees_order();
}

void OptFullReplay::pass_through(Chunk& chunk, std::uint64_t misses) {
  const Dead oldest = dead_.front();
  dead_.pop_front();
  dead_lines_ = 0;
  const std::uint64_t passing = misses - oldest.count;
  ledger_.evict({oldest.line, oldest.count}, oldest.tag, oldest.dirty);
  ledger_.miss(*chunk.access, {chunk.line, misses});
  ledger_.evict({chunk.line, passing}, chunk.access->tag, chunk.access->write ? ones(passing) : 0);
  chunk.line += passing;
  chunk.time += passing;
  chunk.count -= passing;
  keep(chunk, oldest.count, chunk.access->write ? ones(oldest.count) : 0);
}

std::uint64_t OptFullReplay::make_room(const Chunk& chunk, std::uint64_t wanted) {
  if (size_ < capacity_) return std::min(wanted, capacity_ - size_);
  return dead_lines_ > 0 ? evict_dead(wanted) : evict_farthest(chunk, wanted);
}

std::uint64_t OptFullReplay::evict_dead(std::uint64_t wanted) {
  Dead& oldest = dead_.front();
  const std::uint64_t n = ledger_.leaving_together(std::min(wanted, oldest.count), oldest.dirty);
  ledger_.evict({oldest.line, n}, oldest.tag, oldest.dirty & ones(n));
  oldest.line += n;
  oldest.count -= n;
  oldest.dirty = n == 64 ? 0 : oldest.dirty >> n;
  dead_lines_ -= n;
  size_ -= n;
  if (oldest.count == 0) dead_.pop_front();
  return n;
}

/// Takes more than one where the farthest uses follow each other and stay the farthest.
std::uint64_t OptFullReplay::evict_farthest(const Chunk& chunk, std::uint64_t wanted) {
  const std::uint64_t last = resident_.last();
  const RecordedUses::Access& use = uses_.at(last);
  // Uses at or before this time are nearer than those of the lines coming in, or happen now.
  const std::uint64_t now_ends = chunk.time + chunk.count - 1;
  const std::uint64_t nearer =
      chunk.next == kNever ? now_ends : std::max(now_ends, chunk.next + wanted - 1);
  std::uint64_t n = 1;
  if (chunk.next != kNever && last > nearer) {
    const std::uint64_t most = std::min({wanted, last - use.time + 1, last - nearer});
    const std::uint64_t first = last + 1 - most;
    const std::uint64_t bits = resident_.read(first, most) << (64 - most);
    n = static_cast<std::uint64_t>(std::countl_one(bits));
    if (n > 1 && dirty_.read(last + 1 - n, n - 1) != 0) {
      n = ledger_.leaving_together(n, 2);  // one by one, where it matters
    }
  }
  const std::uint64_t first = last + 1 - n;
  const std::uint64_t dirty = dirty_.read(first, n);
  ledger_.evict({use.what.lines.first + (first - use.time), n}, use.what.tag, dirty);
  resident_.erase(first, ones(n));
  dirty_.erase(first, dirty);
  size_ -= n;
  return n;
}

OptSetReplay::OptSetReplay(const OptConfig& config, RecordedUses& uses, OptLedger& ledger)
    : ways_(config.ways),
      index_(config.index, config.sets, config.slices),
      uses_(uses),
      ledger_(ledger),
      distance_(config.sets * config.ways, kNever),
      lines_(distance_.size()) {}

void OptSetReplay::run() {
  for (const RecordedUses::Access& access : uses_.accesses()) {
    const std::uint64_t first = access.what.lines.first;
    NextUses piece;
    for (std::uint64_t i = 0; i < access.what.lines.count; ++i) {
      if (piece.count == 0) piece = uses_.take();
      touch(access.what, first + i, access.time + i, piece.next);
      if (piece.next != kNever) ++piece.next;
      --piece.count;
    }
  }
  std::vector<std::pair<std::uint64_t, std::uint16_t>> dirty;
  for (const Way& way : lines_) {
    if (way.dirty) dirty.emplace_back(way.line, way.tag);
  }
  ledger_.settle(std::move(dirty));
}

void OptSetReplay::touch(const LineAccess& access, std::uint64_t line, std::uint64_t now,
                         std::uint64_t next) {
  std::uint64_t* distance = distance_.data() + index_(line) * ways_;
  std::uint64_t farthest = 0;
  std::uint64_t at = 0;
  for (std::uint64_t way = 0; way < ways_; ++way) {
    if (distance[way] == now) {  // the use that was waited for
      at = way;
      farthest = now;
      break;
    }
    if (distance[way] > farthest) {
      farthest = distance[way];
      at = way;
    }
  }
  Way& way = lines_[static_cast<std::uint64_t>(distance - distance_.data()) + at];
  if (farthest == now) {
    ledger_.hit(access, 1);
  } else {
    if (farthest != kNever) ledger_.evict({way.line, 1}, way.tag, way.dirty ? 1 : 0);
    ledger_.miss(access, {line, 1});
    way = {line, access.tag, false};
  }
  way.dirty |= access.write;
  distance[at] = next == kNever ? kNever - 1 - now : next;
}

}  // namespace attnsim::machine
