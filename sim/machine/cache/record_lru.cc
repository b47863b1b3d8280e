#include "sim/machine/cache/record_lru.h"

#include <algorithm>
#include <utility>

#include "sim/core/error.h"

namespace attnsim::machine {

namespace {

constexpr std::size_t kFewRecords = 4096;
constexpr std::uint64_t kFewLines = 65536;

}  // namespace

RecordLru::RecordLru(const LruOptions& options, Downstream* below,
                     std::shared_ptr<TouchedLines> touched)
    : capacity_(options.capacity),
      fetch_covered_(options.fetch_covered),
      ordered_(below != nullptr && below->ordered()),
      line_limit_(kFewLines),
      record_limit_(kFewRecords),
      touched_(std::move(touched)),
      outflow_(below) {
  ATTNSIM_CHECK(capacity_ > 0, "a cache of no lines");
}

RecordLru::Kind RecordLru::kind_of(const LineAccess& access) const {
  return {access.tag, access.write, !access.write || !access.covers_lines || fetch_covered_};
}

void RecordLru::access(const LineAccess& access) {
  counts_.of(access.tag).accesses += access.lines.count;
  touch_row(access.lines, kind_of(access));
  if (outflow_.active()) outflow_.flush();
}

void RecordLru::access(const RectAccess& rect) {
  const std::uint64_t count = rect.row.lines.count;
  const Kind kind = kind_of(rect.row);
  counts_.of(kind.tag).accesses += count * rect.rows;
  LineRun row = rect.row.lines;
  for (std::uint64_t left = rect.rows; left != 0;) {
    const std::uint64_t begin = row.first % kPageLines;
    std::uint64_t rows = 1;
    if (count == 0 || rect.stride < count || count > capacity_ || begin + count > kPageLines) {
      touch_row(row, kind);
    } else {
      // As many rows as lie in the page and fit the cache.
      rows = std::min({left, (kPageLines - begin - count) / rect.stride + 1, capacity_ / count});
      const auto small = [](std::uint64_t v) { return static_cast<std::uint16_t>(v); };
      touch({&pages_.get(row.first / kPageLines), small(begin), small(count), small(rows),
             small(rows == 1 ? count : rect.stride), kind.tag},
            kind);
    }
    row.first += rows * rect.stride;
    left -= rows;
  }
  if (outflow_.active()) outflow_.flush();
}

void RecordLru::touch_row(const LineRun& row, const Kind& kind) {
  const auto small = [](std::uint64_t v) { return static_cast<std::uint16_t>(v); };
  for_each_page(row, [&](std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
    Page& page = pages_.get(number);
    while (begin < end) {
      const auto count =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(end - begin, capacity_));
      touch({&page, small(begin), small(count), 1, small(count), kind.tag}, kind);
      begin += count;
    }
  });
}

/// REQUIRES no more lines than the cache holds: what a record brings in then never has to leave
/// for the rest of the record.
void RecordLru::touch(const Record& record, const Kind& kind) {
  if (queue_.size() >= record_limit_ || queued_lines_ > line_limit_) tidy();
  if (record.page->stamps == nullptr) acquire(*record.page);
  Stamp* const stamps = record.page->stamps;
  std::uint32_t misses = 0;
  for (std::uint32_t r = 0; r < record.rows; ++r) {
    misses += stamps::absent(stamps + record.row(r), record.count);
  }
  if (misses != 0) {
    const std::uint64_t room = capacity_ - resident_;
    ++record.page->resident;  // keeps the stamps while all other lines may leave
    const bool apart = !ordered_ && (misses <= room || evict(misses - room, record));
    if (apart) {
      admit(record, misses, kind);
    } else {
      touch_singly(record, kind);
    }
    --record.page->resident;
    if (!apart) return;
  }
  const Stamp fresh = number_of(queue_.size()) * 2 + (kind.write ? 1 : 0);
  for (std::uint32_t r = 0; r < record.rows; ++r) {
    stamps::use(stamps + record.row(r), record.count, fresh);
  }
  queue_.push_back(record);
  queued_lines_ += record.lines();
}

/// There is room for the lines that miss.
void RecordLru::admit(const Record& record, std::uint32_t misses, const Kind& kind) {
  CacheCounts& counts = counts_.of(kind.tag);
  (kind.write ? counts.write_misses : counts.read_misses) += misses;
  if (kind.fetched) counts.fills += misses;
  resident_ += misses;
  record.page->resident += misses;
  for (std::uint32_t r = 0; r < record.rows; ++r) {
    const std::uint32_t begin = record.row(r);
    const std::uint32_t end = begin + record.count;
    counts.cold += touched_->mark(record.page->number, begin, end);
    if (!outflow_.active() || !kind.fetched) continue;
    for (std::uint32_t line = begin; line < end; ++line) {
      if (record.page->stamps[line] >= stamps::kFirstPresent) continue;
      outflow_.fetch({record.page->number * kPageLines + line, 1}, kind.tag);
    }
  }
}

void RecordLru::touch_singly(const Record& record, const Kind& kind) {
  const Stamp fresh = number_of(queue_.size()) * 2 + (kind.write ? 1 : 0);
  queue_.push_back(record);
  queued_lines_ += record.lines();
  single_lines_ += record.lines();
  Page& page = *record.page;
  CacheCounts& counts = counts_.of(kind.tag);
  for (std::uint32_t r = 0; r < record.rows; ++r) {
    const std::uint32_t begin = record.row(r);
    for (std::uint32_t line = begin; line < begin + record.count; ++line) {
      Stamp& stamp = page.stamps[line];
      if (stamp < stamps::kFirstPresent) {
        ++(kind.write ? counts.write_misses : counts.read_misses);
        if (kind.fetched) ++counts.fills;
        counts.cold += touched_->mark(page.number, line, line + 1);
        const std::uint64_t number = page.number * kPageLines + line;
        if (resident_ == capacity_) {
          evict_one(number, kind);
        } else if (outflow_.active() && kind.fetched) {
          outflow_.fetch({number, 1}, kind.tag);
        }
        ++resident_;
        ++page.resident;
      }
      stamp = fresh | (stamp & 1);
    }
  }
}

/// Stamps of a page of which no line is resident.
void RecordLru::acquire(Page& page) {
  constexpr std::size_t kTogether = 8;
  if (free_.empty()) {
    slabs_.push_back(std::make_unique<Stamp[]>(kTogether * kPageLines));
    for (std::size_t i = 0; i < kTogether; ++i) {
      free_.push_back(slabs_.back().get() + i * kPageLines);
    }
  }
  page.stamps = free_.back();  // every line of it is absent
  free_.pop_back();
}

/// Drops the records that own no line and renumbers the others. The limits leave time for as many
/// lines and records to come as there are.
void RecordLru::tidy() {
  std::size_t kept = 0;
  queued_lines_ = 0;
  for (std::size_t at = oldest_.record; at < queue_.size(); ++at) {
    const Record record = queue_[at];
    if (record.page->stamps == nullptr) continue;
    Stamp* const stamps = record.page->stamps;
    std::uint32_t own = 0;
    for (std::uint32_t r = 0; r < record.rows; ++r) {
      own += stamps::renumber(stamps + record.row(r), record.count, number_of(at), number_of(kept));
    }
    if (own == 0) continue;
    queue_[kept++] = record;
    queued_lines_ += record.lines();
  }
  queue_.resize(kept);
  oldest_ = {};
  record_limit_ = std::max(kFewRecords, 4 * kept);
  line_limit_ = std::max(kFewLines, 3 * queued_lines_);
  ATTNSIM_CHECK(record_limit_ < std::size_t{1} << 30U, "too many resident lines for RecordLru");
}

void RecordLru::restore(LineRun lines, std::uint16_t tag, bool dirty) {
  counts_.of(tag);  // every tag in the cache has its counts: references to them stay valid
  for_each_page(lines, [&](std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
    Page& page = pages_.get(number);
    if (page.stamps == nullptr) acquire(page);
    const auto count = static_cast<std::uint16_t>(end - begin);
    const Stamp fresh = number_of(queue_.size()) * 2 + (dirty ? 1 : 0);
    stamps::use(page.stamps + begin, count, fresh);
    page.resident += count;
    queue_.push_back({&page, static_cast<std::uint16_t>(begin), count, 1, count, tag});
  });
  resident_ += lines.count;
  queued_lines_ += lines.count;
}

void RecordLru::finish() {
  std::vector<Victims> dirty;
  for (std::size_t at = oldest_.record; at < queue_.size(); ++at) {
    const Record& record = queue_[at];
    if (record.page->stamps == nullptr) continue;
    for (std::uint32_t r = 0; r < record.rows; ++r) {
      const std::uint32_t begin = record.row(r);
      for (std::uint32_t line = begin; line < begin + record.count; ++line) {
        Stamp& stamp = record.page->stamps[line];
        if (stamp != number_of(at) * 2 + 1) continue;
        --stamp;
        ++counts_.of(record.tag).final_dirty;
        dirty.push_back({{record.page->number * kPageLines + line, 1}, true, record.tag});
      }
    }
  }
  if (!outflow_.active()) return;
  std::ranges::sort(dirty, {}, [](const Victims& v) { return v.lines.first; });
  for (const Victims& run : dirty) outflow_.write_back(run.lines, run.tag);
  outflow_.flush();
}

}  // namespace attnsim::machine
