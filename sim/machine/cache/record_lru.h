// A fully associative LRU cache over records of accesses, exact to the last line: for rectangles of
// short rows and for short segments, where blocks (block_lru.h) save nothing.
//
// The order of use is a queue of access records, rectangles included. A line's stamp names the
// record that used it last; within a record lines are in ascending order. A record whose lines are
// used again stays in the queue and is skipped line by line, sixteen at a time, when its turn to be
// evicted comes. When too much of the queue is out of date, records without a line of their own are
// dropped and the others renumbered.
//
// An access first counts what misses, evicts as many lines from the oldest records, then stamps its
// lines. That is exact unless what is evicted lies in the access itself; there, and where the order
// of events matters to the level below, it goes line by line.
//
// Cost: amortised O(1) per line with a small constant, whatever the trace. Memory: 4 bytes per line
// of the pages that hold a resident line, a record of 20 bytes for up to four times the records
// that own one, and one bit per line of the pages touched.
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
#include "sim/machine/cache/stamps.h"
#include "sim/machine/cache/tag_counts.h"
#include "sim/machine/cache/touched_lines.h"

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
  void for_each(Visit&& visit) const {
    for (std::size_t at = oldest_.record; at < queue_.size(); ++at) {
      const Record& record = queue_[at];
      if (record.page->stamps == nullptr) continue;
      for (std::uint32_t r = 0; r < record.rows; ++r) {
        const std::uint32_t begin = record.row(r);
        for (std::uint32_t line = begin; line < begin + record.count; ++line) {
          const Stamp stamp = record.page->stamps[line];
          if (stamp >> 1 != number_of(at)) continue;
          visit(LineRun{record.page->number * kPageLines + line, 1}, record.tag, (stamp & 1) != 0);
        }
      }
    }
  }
  /// Makes lines the newest that are not in the cache, for which there is room. Counts nothing.
  void restore(LineRun lines, std::uint16_t tag, bool dirty);

  const TagCounts& tag_counts() const { return counts_; }

  /// Lines that were taken one by one so far.
  std::uint64_t single_lines() const { return single_lines_; }

 private:
  using Stamp = stamps::Stamp;
  struct Page {
    explicit Page(std::uint64_t page_number) : number(page_number) {}
    std::uint64_t number;
    Stamp* stamps = nullptr;  // while lines of the page are resident
    std::uint32_t resident = 0;
  };
  /// Equal rows of lines of one page; rows do not overlap.
  struct Record {
    std::uint32_t lines() const { return count * rows; }
    std::uint32_t row(std::uint32_t r) const { return begin + r * stride; }
    std::uint32_t end() const { return row(rows - 1U) + count; }

    Page* page;
    std::uint16_t begin;
    std::uint16_t count;
    std::uint16_t rows;
    std::uint16_t stride;
    std::uint16_t tag;
  };
  struct Kind {
    std::uint16_t tag;
    bool write;
    bool fetched;
  };
  /// A place in the queue: the next line to evict, if it is still the record's own.
  struct Cursor {
    void next_row() {
      ++row;
      column = 0;
    }
    std::size_t record = 0;  // position in the queue
    std::uint32_t row = 0;
    std::uint32_t column = 0;
  };

  Kind kind_of(const LineAccess& access) const;
  void touch_row(const LineRun& row, const Kind& kind);
  void touch(const Record& record, const Kind& kind);
  void touch_singly(const Record& record, const Kind& kind);
  void admit(const Record& record, std::uint32_t misses, const Kind& kind);
  bool evict(std::uint64_t lines, const Record& incoming);
  void evict_one(std::uint64_t incoming, const Kind& kind);
  void evict_run(const Record& record, std::uint32_t begin, std::uint32_t count, Stamp number,
                 std::uint64_t& wanted);
  void leave(const Record& record, std::uint32_t lines, std::uint32_t dirty);
  void tidy();
  void acquire(Page& page);
  Stamp number_of(std::size_t position) const {
    return static_cast<Stamp>(position) + stamps::kFirstRecord;
  }

  std::uint64_t capacity_;
  bool fetch_covered_;
  bool ordered_;
  std::uint64_t resident_ = 0;
  SparseTable<Page> pages_;
  std::vector<std::unique_ptr<Stamp[]>> slabs_;
  std::vector<Stamp*> free_;
  std::vector<Record> queue_;
  Cursor oldest_;
  std::uint64_t queued_lines_ = 0;  // of the records from oldest_ on
  std::uint64_t line_limit_;
  std::size_t record_limit_;
  std::shared_ptr<TouchedLines> touched_;
  std::uint64_t single_lines_ = 0;
  TagCounts counts_;
  Outflow outflow_;
};

}  // namespace attnsim::machine
