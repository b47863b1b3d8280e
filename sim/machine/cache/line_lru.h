// A fully associative LRU cache, one line at a time: what SegmentLru is measured against.
//
// No linked list: a line's word holds the position of its last use in a queue of uses, to which
// every access appends. Eviction pops the queue and skips uses that are no longer a line's last.
// When the queue is full, the uses that still count move to its front. Amortised O(1) per line.
//
// Memory: 4 bytes per line of the pages touched (of kPageLines lines), 8 bytes per queue entry, of
// which there are up to four per resident line.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/lru_options.h"
#include "sim/machine/cache/outflow.h"
#include "sim/machine/cache/page.h"
#include "sim/machine/cache/sparse_table.h"
#include "sim/machine/cache/tag_counts.h"
#include "sim/machine/cache/touched_lines.h"

namespace attnsim::machine {

class LineLru final : public CacheModel {
 public:
  /// `below` may be null; else it must outlive the cache.
  explicit LineLru(const LruOptions& options, Downstream* below = nullptr,
                   std::shared_ptr<TouchedLines> touched = std::make_shared<TouchedLines>());

  void access(const LineAccess& access) override;
  using CacheModel::access;
  /// The same for an access of one line.
  void access_line(const LineAccess& access);
  void finish() override;
  CacheCounts counts(std::uint16_t tag) const override { return counts_.totals(tag); }

  /// Calls visit(lines, tag, dirty) for the lines that are in the cache, oldest first.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::uint32_t at = begin_; at < end_; ++at) {
      const std::uint32_t word = words_[queue_[at].slot];
      if (word / 2 == at) {
        visit(LineRun{line_of(queue_[at].slot), 1}, queue_[at].tag, (word & 1U) != 0);
      }
    }
  }
  /// Makes lines the newest that are not in the cache, for which there is room. Counts nothing.
  void restore(LineRun lines, std::uint16_t tag, bool dirty);

  const TagCounts& tag_counts() const { return counts_; }

 private:
  /// Lines are numbered in the order in which their pages were first touched.
  using Slot = std::uint32_t;
  struct Use {
    Slot slot;
    std::uint16_t tag;
  };
  struct Page {
    explicit Page(std::uint64_t page_number) : number(page_number) {}
    std::uint64_t number;
    Slot first = kUnplaced;
  };
  static constexpr Slot kUnplaced = ~Slot{0};
  // The word of a line: position of its last use * 2 + dirty, or one of these.
  static constexpr std::uint32_t kUnknown = 0;  // never used, as far as this object knows
  static constexpr std::uint32_t kEvicted = 1;

  Slot place(Page& page) {
    if (page.first == kUnplaced) [[unlikely]] {
      make_room_for(page);
    }
    return page.first;
  }
  void make_room_for(Page& page);

  void touch(Slot slot, std::uint64_t line, const LineAccess& access) {
    if (end_ == queue_.size()) [[unlikely]] {
      compact();
    }
    const std::uint32_t word = words_[slot];
    std::uint32_t dirty = access.write ? 1 : 0;
    if (word > kEvicted) {
      dirty |= word & 1U;
    } else {
      miss(line, word, access);
    }
    words_[slot] = end_ * 2 + dirty;
    queue_[end_++] = {slot, access.tag};
  }
  void miss(std::uint64_t line, std::uint32_t word, const LineAccess& access);
  void evict(std::uint64_t incoming, const LineAccess& access);
  void compact();
  std::uint64_t line_of(Slot slot) const {
    return numbers_[slot / kPageLines] * kPageLines + slot % kPageLines;
  }
  bool fetched(const LineAccess& access) const {
    return !access.write || !access.covers_lines || fetch_covered_;
  }

  std::uint64_t capacity_;
  bool fetch_covered_;
  std::uint64_t resident_ = 0;
  SparseTable<Page> pages_;
  std::vector<std::uint64_t> numbers_;  // of the page of each kPageLines slots
  std::vector<std::uint32_t> words_;    // by slot
  std::vector<Use> queue_;              // [begin_, end_) is in use; position 0 never is
  std::uint32_t begin_ = 1;
  std::uint32_t end_ = 1;
  std::shared_ptr<TouchedLines> touched_;
  TagCounts counts_;
  Outflow outflow_;
};

}  // namespace attnsim::machine
