// A fully associative LRU cache over records of accesses, exact to the last line: for rectangles of
// short rows and for short segments, where blocks (block_lru.h) save nothing.
//
// The order of use is a queue of records, to which an access appends; a line is in the cache while
// it stands in the queue, and the time it stands there last is its place in the order. How often a
// line stands there is counted in bit planes (use_counts.h), so that all steps are word operations:
// a record is a mask of lines, the same in equally spaced words of 64 lines. A tile of a row-major
// matrix whose rows are a power of two of lines long is one record in every page.
//
// An access first finds what misses, then drops the oldest records until as many lines have left.
// That is exact unless a line that would leave is about to be used by the access itself; there, and
// where the order of events matters to the level below, the access is cut in two until it is.
//
// When lines stand too often in the queue, or it has grown to a multiple of what it began with,
// every line keeps its last place only.
//
// Cost: amortised O(1) per record and word, whatever the trace. Memory: a bit per line of the
// pages touched, a byte per line of the pages that hold a resident line, and 24 bytes for up to
// four times the records that hold the resident lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/lru_options.h"
#include "sim/machine/cache/outflow.h"
#include "sim/machine/cache/page.h"
#include "sim/machine/cache/sparse_table.h"
#include "sim/machine/cache/tag_counts.h"
#include "sim/machine/cache/touched_lines.h"
#include "sim/machine/cache/use_counts.h"
#include "sim/machine/cache/word_bits.h"

namespace attnsim::machine {

class RecordLru final : public CacheModel {
 public:
  /// `below` may be null; else it must outlive the cache.
  explicit RecordLru(const LruOptions& options, Downstream* below = nullptr,
                     std::shared_ptr<TouchedLines> touched = std::make_shared<TouchedLines>());

  void access(const LineAccess& access) override;
  void access(const RectAccess& rect) override;
  void finish() override;
  CacheCounts counts(std::uint16_t tag) const override { return counts_.totals(tag); }

  /// Calls visit(lines, tag, dirty) for the lines that are in the cache, oldest first.
  template <class Visit>
  void for_each(Visit&& visit) {
    tidy();
    for (const Record& record : queue_) {
      for (std::uint32_t i = 0; i < record.words; ++i) {
        const std::uint32_t word = record.word_at(i);
        std::uint64_t dirty = record.page->uses->dirty(word);
        for (std::uint64_t left = record.mask; left != 0;) {
          const std::uint32_t begin = static_cast<std::uint32_t>(std::countr_zero(left));
          const bool is_dirty = (dirty >> begin & 1U) != 0;
          const std::uint64_t alike = (is_dirty ? dirty : ~dirty) & left;
          const auto count = static_cast<std::uint32_t>(std::countr_one(alike >> begin));
          visit(LineRun{record.page->line(word) + begin, count}, record.tag, is_dirty);
          left &= ~bit_run(begin, count);
        }
      }
    }
  }
  /// Makes lines the newest that are not in the cache, for which there is room. Counts nothing.
  void restore(LineRun lines, std::uint16_t tag, bool dirty);

  const TagCounts& tag_counts() const { return counts_; }

  /// Steps taken so far: the cost of the replay, independent of the machine it runs on.
  std::uint64_t steps() const { return steps_; }

 private:
  struct Page {
    explicit Page(std::uint64_t page_number) : number(page_number) {}
    std::uint64_t line(std::uint32_t word) const { return number * kPageLines + word * 64; }

    std::uint64_t number;
    UseCounts* uses = nullptr;   // while lines of the page are resident
    std::uint32_t resident = 0;  // lines
  };
  /// Lines `mask` of `words` words of a page, `step` words apart.
  struct Record {
    std::uint32_t word_at(std::uint32_t i) const { return word + i * step; }
    std::uint32_t lines() const { return std::uint32_t{words} * per_word; }
    /// Those of its lines that lie in a word of its page.
    std::uint64_t lines_in(std::uint32_t at) const {
      const std::uint32_t distance = at - word;
      return at >= word && distance % step == 0 && distance / step < words ? mask : 0;
    }
    bool may_share_lines_with(const Record& other) const {
      return page == other.page && (mask & other.mask) != 0 && word <= other.last_word() &&
             other.word <= last_word();
    }
    std::uint32_t last_word() const { return word_at(words - 1U); }

    Page* page;
    std::uint64_t mask;
    std::uint8_t word;
    std::uint8_t words;
    std::uint8_t step;
    std::uint8_t per_word;  // lines of the mask
    std::uint16_t tag;
  };
  struct Kind {
    std::uint16_t tag;
    bool write;
    bool fetched;
  };

  Kind kind_of(const LineAccess& access) const;
  void touch_row(const LineRun& row, const Kind& kind);
  /// The first rows, as many as one record holds; how many that are, or 0: no record holds two.
  std::uint64_t touch_rows(const LineRun& row, std::uint64_t rows, std::uint64_t stride,
                           const Kind& kind);
  void touch(const Record& record, const Kind& kind);
  void touch_halves(const Record& record, const Kind& kind);
  std::uint32_t missing(const Record& record);
  bool make_room(std::uint64_t lines, const Record& incoming);
  bool drop_words(std::uint64_t& wanted, const Record& incoming);
  bool drop_word(std::uint64_t& wanted, const Record& incoming);
  void advance(std::uint32_t words);
  static bool is_chase(std::uint64_t leaving, std::uint64_t wanted, std::uint32_t word,
                       const Record& incoming);
  void leave(const Record& record, std::uint32_t lines, std::uint32_t dirty);
  void write_back(const Record& record, std::uint32_t word, std::uint64_t lines);
  void admit(const Record& record, std::uint32_t misses, const Kind& kind);
  void append(const Record& record, bool dirty);
  void tidy();
  void keep_last_uses(const Record& record, std::uint64_t done, std::vector<Record>& newest_first);
  void acquire(Page& page);

  std::uint64_t capacity_;
  bool fetch_covered_;
  bool ordered_;
  std::uint64_t resident_ = 0;
  SparseTable<Page> pages_;
  std::deque<UseCounts> use_counts_;
  std::vector<UseCounts*> free_;
  std::vector<Record> queue_;  // in use from oldest_ on
  std::size_t oldest_ = 0;     // loses its words as they are dropped
  std::uint64_t done_ = 0;     // lines of its first word that were
  std::size_t queue_limit_;    // records
  std::shared_ptr<TouchedLines> touched_;
  std::uint64_t steps_ = 0;
  TagCounts counts_;
  Outflow outflow_;
};

}  // namespace attnsim::machine
