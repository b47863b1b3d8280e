// How RecordLru makes room.
#include <algorithm>

#include "sim/machine/cache/record_lru.h"

namespace attnsim::machine {

namespace {

/// Whether two records of a page may share a line.
template <class Record>
bool may_meet(const Record& a, const Record& b) {
  if (a.page != b.page || a.end() <= b.begin || b.end() <= a.begin) return false;
  if (a.stride != b.stride) return true;
  // Columns of one matrix: apart if neither reaches the other, rows ahead or behind.
  const bool a_first = a.begin <= b.begin;
  const std::uint32_t gap =
      static_cast<std::uint32_t>(a_first ? b.begin - a.begin : a.begin - b.begin) % a.stride;
  return gap < (a_first ? a.count : b.count) || gap + (a_first ? b.count : a.count) > a.stride;
}

}  // namespace

/// Evicts lines, oldest first. False, with fewer evicted, where the next may be of `incoming`.
bool RecordLru::evict(std::uint64_t lines, const Record& incoming) {
  while (lines != 0) {
    const Record& record = queue_[oldest_.record];
    if (may_meet(record, incoming)) return false;
    const Stamp number = number_of(oldest_.record);
    for (; oldest_.row < record.rows && lines != 0; oldest_.next_row()) {
      const std::uint32_t begin = record.row(oldest_.row);
      while (oldest_.column < record.count && lines != 0) {
        const auto count = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(record.count - oldest_.column, lines));
        evict_run(record, begin + oldest_.column, count, number, lines);
        oldest_.column += count;
      }
      if (oldest_.column < record.count) return true;
    }
    if (oldest_.row == record.rows) {
      queued_lines_ -= record.lines();
      oldest_ = {oldest_.record + 1, 0, 0};
    }
  }
  return true;
}

void RecordLru::evict_run(const Record& record, std::uint32_t begin, std::uint32_t count,
                          Stamp number, std::uint64_t& wanted) {
  Page& page = *record.page;
  if (page.stamps == nullptr) return;  // no line of the page is left
  Stamp* const stamps = page.stamps + begin;
  if (outflow_.active()) {
    for (std::uint32_t i = 0; i < count; ++i) {
      if (stamps[i] != number * 2 + 1) continue;
      outflow_.write_back({page.number * kPageLines + begin + i, 1}, record.tag);
    }
  }
  const std::uint32_t gone = stamps::evict(stamps, count, number);
  leave(record, gone >> 16U, gone & 0xffffU);
  wanted -= gone >> 16U;
}

void RecordLru::leave(const Record& record, std::uint32_t lines, std::uint32_t dirty) {
  if (lines == 0) return;
  CacheCounts& counts = counts_.of(record.tag);
  counts.evictions += lines;
  counts.write_backs += dirty;
  resident_ -= lines;
  Page& page = *record.page;
  page.resident -= lines;
  if (page.resident == 0) {
    free_.push_back(page.stamps);
    page.stamps = nullptr;
  }
}

void RecordLru::evict_one(std::uint64_t incoming, const Kind& kind) {
  for (;;) {
    const Record& record = queue_[oldest_.record];
    const Stamp number = number_of(oldest_.record);
    Stamp* const stamps = record.page->stamps;
    for (; stamps != nullptr && oldest_.row < record.rows; oldest_.next_row()) {
      const std::uint32_t begin = record.row(oldest_.row);
      for (; oldest_.column < record.count; ++oldest_.column) {
        const std::uint32_t line = begin + oldest_.column;
        const Stamp stamp = stamps[line];
        if (stamp >> 1 != number) continue;
        const bool dirty = (stamp & 1) != 0;
        stamps[line] = stamps::kAbsent;
        const LineRun victim{record.page->number * kPageLines + line, 1};
        outflow_.replace({victim, dirty, record.tag}, incoming, kind.fetched, kind.tag);
        leave(record, 1, dirty ? 1 : 0);
        return;
      }
    }
    queued_lines_ -= record.lines();
    oldest_ = {oldest_.record + 1, 0, 0};
  }
}

}  // namespace attnsim::machine
