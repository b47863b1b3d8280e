#include "sim/machine/cache/line_lru.h"

#include <algorithm>
#include <utility>

#include "sim/core/error.h"

namespace attnsim::machine {

namespace {

constexpr std::size_t kFirstQueue = 1024;

}  // namespace

LineLru::LineLru(const LruOptions& options, Downstream* below,
                 std::shared_ptr<TouchedLines> touched)
    : capacity_(options.capacity),
      fetch_covered_(options.fetch_covered),
      queue_(kFirstQueue),
      touched_(std::move(touched)),
      outflow_(below) {
  ATTNSIM_CHECK(capacity_ > 0, "a cache of no lines");
}

void LineLru::access(const LineAccess& access) {
  if (access.lines.count == 1) {
    access_line(access);
    return;
  }
  counts_.of(access.tag).accesses += access.lines.count;
  for_each_page(access.lines, [&](std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
    const Slot first = place(pages_.get(number));
    for (std::uint32_t at = begin; at != end; ++at) {
      touch(first + at, number * kPageLines + at, access);
    }
  });
  if (outflow_.active()) outflow_.flush();
}

void LineLru::access_line(const LineAccess& access) {
  ++counts_.of(access.tag).accesses;
  const std::uint64_t line = access.lines.first;
  const Slot first = place(pages_.get(line / kPageLines));
  touch(first + static_cast<Slot>(line % kPageLines), line, access);
  if (outflow_.active()) outflow_.flush();
}

void LineLru::make_room_for(Page& page) {
  ATTNSIM_CHECK(words_.size() < kUnplaced - kPageLines, "too many lines touched for LineLru");
  page.first = static_cast<Slot>(words_.size());
  words_.resize(words_.size() + kPageLines, kUnknown);
  numbers_.push_back(page.number);
}

void LineLru::miss(std::uint64_t line, std::uint32_t word, const LineAccess& access) {
  CacheCounts& counts = counts_.of(access.tag);
  ++(access.write ? counts.write_misses : counts.read_misses);
  if (word == kUnknown) counts.cold += touched_->mark({line, 1});
  if (fetched(access)) ++counts.fills;
  if (resident_ == capacity_) {
    evict(line, access);
  } else {
    ++resident_;
    if (outflow_.active() && fetched(access)) outflow_.fetch({line, 1}, access.tag);
  }
}

void LineLru::evict(std::uint64_t incoming, const LineAccess& access) {
  while (words_[queue_[begin_].slot] / 2 != begin_) ++begin_;  // used again since
  const Use use = queue_[begin_++];
  const bool dirty = (words_[use.slot] & 1U) != 0;
  words_[use.slot] = kEvicted;
  CacheCounts& counts = counts_.of(use.tag);
  ++counts.evictions;
  if (dirty) ++counts.write_backs;
  if (outflow_.active()) {
    outflow_.replace({{line_of(use.slot), 1}, dirty, use.tag}, incoming, fetched(access),
                     access.tag);
  }
}

/// Keeps the last use of each line; the queue at least doubles what it then holds.
void LineLru::compact() {
  std::uint32_t kept = 1;
  for (std::uint32_t at = begin_; at < end_; ++at) {
    const Use use = queue_[at];
    std::uint32_t& word = words_[use.slot];
    if (word / 2 != at) continue;
    word = kept * 2 + (word & 1U);
    queue_[kept++] = use;
  }
  begin_ = 1;
  end_ = kept;
  if (queue_.size() < std::size_t{kept} * 4) {
    ATTNSIM_CHECK(queue_.size() < std::size_t{1} << 30U, "too many resident lines for LineLru");
    queue_.resize(queue_.size() * 2);
  }
}

void LineLru::restore(LineRun lines, std::uint16_t tag, bool dirty) {
  for_each_page(lines, [&](std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
    const Slot first = place(pages_.get(number));
    for (Slot slot = first + begin; slot != first + end; ++slot) {
      if (end_ == queue_.size()) compact();
      words_[slot] = end_ * 2 + (dirty ? 1 : 0);
      queue_[end_++] = {slot, tag};
    }
  });
  resident_ += lines.count;
}

void LineLru::finish() {
  std::vector<Victims> dirty;
  for (std::uint32_t at = begin_; at < end_; ++at) {
    const Use use = queue_[at];
    std::uint32_t& word = words_[use.slot];
    if (word / 2 != at || (word & 1U) == 0) continue;
    word &= ~1U;
    ++counts_.of(use.tag).final_dirty;
    if (outflow_.active()) dirty.push_back({{line_of(use.slot), 1}, true, use.tag});
  }
  if (!outflow_.active()) return;
  std::ranges::sort(dirty, {}, [](const Victims& v) { return v.lines.first; });
  for (const Victims& run : dirty) outflow_.write_back(run.lines, run.tag);
  outflow_.flush();
}

}  // namespace attnsim::machine
