#include "sim/machine/cache/record_lru.h"

#include <algorithm>
#include <utility>

#include "sim/core/error.h"

namespace attnsim::machine {

namespace {

constexpr std::size_t kFewRecords = 4096;

std::uint8_t small(std::uint64_t value) { return static_cast<std::uint8_t>(value); }

}  // namespace

RecordLru::RecordLru(const LruOptions& options, Downstream* below,
                     std::shared_ptr<TouchedLines> touched)
    : capacity_(options.capacity),
      fetch_covered_(options.fetch_covered),
      ordered_(below != nullptr && below->ordered()),
      queue_limit_(kFewRecords),
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
  const Kind kind = kind_of(rect.row);
  counts_.of(kind.tag).accesses += rect.row.lines.count * rect.rows;
  LineRun row = rect.row.lines;
  for (std::uint64_t left = rect.rows; left != 0;) {
    std::uint64_t rows = touch_rows(row, left, rect.stride, kind);
    if (rows == 0) {
      touch_row(row, kind);
      rows = 1;
    }
    row.first += rows * rect.stride;
    left -= rows;
  }
  if (outflow_.active()) outflow_.flush();
}

/// A first and a last word that the row fills in part, and the words between, are a record each.
void RecordLru::touch_row(const LineRun& row, const Kind& kind) {
  for_each_page(row, [&](std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
    Page& page = pages_.get(number);
    while (begin < end) {
      const std::uint32_t low = begin % 64;
      const std::uint32_t words = low == 0 && end - begin >= 64 ? (end - begin) / 64 : 1;
      const std::uint32_t count = std::min(end - begin, 64 - low);
      touch(
          {&page, bit_run(low, count), small(begin / 64), small(words), 1, small(count), kind.tag},
          kind);
      begin += words * count;
    }
  });
}

std::uint64_t RecordLru::touch_rows(const LineRun& row, std::uint64_t rows, std::uint64_t stride,
                                    const Kind& kind) {
  if (stride == 0 || row.count == 0 || (64 % stride != 0 && stride % 64 != 0)) return 0;
  const auto low = static_cast<std::uint32_t>(row.first % 64);
  const auto room = std::min<std::uint64_t>(stride, 64);
  if (low % room + row.count > room) return 0;
  const std::uint64_t in_word = std::min(rows, (63 - low) / room + 1);
  std::uint64_t mask = 0;
  for (std::uint64_t i = 0; i < in_word; ++i) {
    mask |= bit_run(low + static_cast<std::uint32_t>(i * room), row.count);
  }
  const std::uint64_t step = std::max<std::uint64_t>(stride / 64, 1);
  const std::uint64_t word = row.first % kPageLines / 64;
  // Where rows begin in the middle of a word, the words after it look different.
  const bool whole = in_word == 64 / room;
  const std::uint64_t words =
      whole ? std::min(rows / in_word, (UseCounts::kWords - 1 - word) / step + 1) : 1;
  const Record record{&pages_.get(row.first / kPageLines), mask, small(word), small(words),
                      // One word is any number apart.
                      words == 1 ? std::uint8_t{1} : small(step), small(in_word * row.count),
                      kind.tag};
  touch(record, kind);
  return words * in_word;
}

void RecordLru::touch(const Record& record, const Kind& kind) {
  if (record.lines() > capacity_) {
    touch_halves(record, kind);
    return;
  }
  steps_ += record.words;
  if (queue_.size() >= queue_limit_) tidy();
  Page& page = *record.page;
  if (page.uses == nullptr) acquire(page);
  if (const std::uint32_t misses = missing(record); misses != 0) {
    ++page.resident;  // keeps its uses while all other lines may leave
    const std::uint64_t room = capacity_ - resident_;
    const bool together = record.lines() == 1 || !ordered_;
    const bool fits = together && (misses <= room || make_room(misses - room, record));
    if (fits) admit(record, record.words == 1 ? missing(record) : misses, kind);
    --page.resident;
    if (!fits) {
      touch_halves(record, kind);
      return;
    }
  }
  append(record, kind.write);
}

void RecordLru::touch_halves(const Record& record, const Kind& kind) {
  Record low = record;
  Record high = record;
  if (record.words > 1) {
    low.words /= 2;
    high.words -= low.words;
    high.word = small(record.word_at(low.words));
    if (low.words == 1) low.step = 1;
    if (high.words == 1) high.step = 1;
  } else {
    const int middle = (std::countr_zero(record.mask) + 63 - std::countl_zero(record.mask)) / 2;
    low.mask &= (std::uint64_t{2} << middle) - 1;
    high.mask &= ~low.mask;
    low.per_word = small(static_cast<std::uint64_t>(std::popcount(low.mask)));
    high.per_word -= low.per_word;
  }
  touch(low, kind);
  touch(high, kind);
}

/// How many lines of the record are not in the cache. All of them can be counted once more.
std::uint32_t RecordLru::missing(const Record& record) {
  const UseCounts& uses = *record.page->uses;
  std::uint64_t any = 0;
  for (std::uint32_t i = 0; i < record.words; ++i) any |= uses.present(record.word_at(i));
  if ((any & record.mask) == 0) return record.lines();
  std::uint32_t hits = 0;
  std::uint64_t full = 0;
  for (std::uint32_t i = 0; i < record.words; ++i) {
    const std::uint32_t word = record.word_at(i);
    hits += count_of_part(uses.present(word) & record.mask, record.mask, record.per_word);
    full |= uses.full(word) & record.mask;
  }
  if (full != 0) tidy();
  return record.lines() - hits;
}

/// There is room for the lines that miss.
void RecordLru::admit(const Record& record, std::uint32_t misses, const Kind& kind) {
  CacheCounts& counts = counts_.of(kind.tag);
  (kind.write ? counts.write_misses : counts.read_misses) += misses;
  if (kind.fetched) counts.fills += misses;
  resident_ += misses;
  record.page->resident += misses;
  TouchedLines::Page& touched = touched_->page(record.page->number);
  for (std::uint32_t i = 0; i < record.words && touched.untouched != 0; ++i) {
    counts.cold += touched.mark(record.word_at(i), record.mask, record.per_word);
  }
  if (!outflow_.active() || !kind.fetched) return;
  for (std::uint32_t i = 0; i < record.words; ++i) {
    const std::uint32_t word = record.word_at(i);
    for_each_bit_run(record.mask & ~record.page->uses->present(word),
                     [&](std::uint32_t begin, std::uint32_t count) {
                       outflow_.fetch({record.page->line(word) + begin, count}, kind.tag);
                     });
  }
}

void RecordLru::append(const Record& record, bool dirty) {
  for (std::uint32_t i = 0; i < record.words; ++i) {
    record.page->uses->add(record.word_at(i), record.mask, dirty);
  }
  queue_.push_back(record);
}

/// Drops the oldest records until that many lines have left. False, with fewer, where the next to
/// leave is one of `incoming`.
bool RecordLru::make_room(std::uint64_t lines, const Record& incoming) {
  while (lines != 0) {
    if (!drop_words(lines, incoming) && !drop_word(lines, incoming)) return false;
  }
  return true;
}

/// As many words of the oldest record as are wanted in any case. False if that is none, or where
/// the record and `incoming` may share lines.
bool RecordLru::drop_words(std::uint64_t& wanted, const Record& incoming) {
  const Record& record = queue_[oldest_];
  if (done_ != 0 || record.may_share_lines_with(incoming)) return false;
  UseCounts& uses = *record.page->uses;
  std::uint32_t words = 0;
  std::uint32_t lines = 0;
  std::uint32_t dirty = 0;
  for (; words < record.words && lines + record.per_word <= wanted; ++words) {
    const std::uint32_t word = record.word_at(words);
    const std::uint64_t leaving = uses.single(word, record.mask);
    const std::uint64_t dirty_lines = uses.dirty(word) & leaving;
    uses.remove(word, record.mask, leaving);
    lines += count_of_part(leaving, record.mask, record.per_word);
    if (dirty_lines == 0) continue;
    dirty += count_of_part(dirty_lines, record.mask, record.per_word);
    if (outflow_.active()) write_back(record, word, dirty_lines);
  }
  if (words == 0) return false;
  wanted -= lines;
  if (lines != 0) leave(record, lines, dirty);
  advance(words);
  return true;
}

/// The first word of the oldest record, or as much of it as is wanted.
bool RecordLru::drop_word(std::uint64_t& wanted, const Record& incoming) {
  Record& record = queue_[oldest_];
  const std::uint32_t word = record.word;
  UseCounts& uses = *record.page->uses;
  std::uint64_t dropped = record.mask & ~done_;
  std::uint64_t leaving = uses.single(word, dropped);
  std::uint32_t count = count_of_part(leaving, record.mask, record.per_word);
  bool whole = count <= wanted;
  if (record.page == incoming.page && (leaving & incoming.lines_in(word)) != 0) {
    if (!is_chase(leaving, wanted, word, incoming)) return false;
    whole = true;
    wanted += count;
  } else if (!whole) {
    std::uint64_t staying = leaving;
    for (std::uint64_t i = 0; i < wanted; ++i) staying &= staying - 1;
    dropped &= (staying & -staying) - 1;
    leaving &= dropped;
    count = static_cast<std::uint32_t>(wanted);
  }
  wanted -= count;
  const std::uint64_t dirty = leaving & uses.dirty(word);
  uses.remove(word, dropped, leaving);
  if (count != 0) {
    if (dirty != 0 && outflow_.active()) write_back(record, word, dirty);
    leave(record, count, count_of_part(dirty, record.mask, record.per_word));
  }
  if (whole) {
    advance(1);
  } else {
    done_ |= dropped;
  }
  return true;
}

/// The first words of the oldest record are done with.
void RecordLru::advance(std::uint32_t words) {
  Record& record = queue_[oldest_];
  record.word = small(record.word_at(words));
  record.words -= small(words);
  oldest_ += record.words == 0 ? 1 : 0;
  done_ = 0;
}

/// Whether an access to one word chases the lines that are next to leave: enough of it misses
/// before the first of them that this one leaves before its turn, so misses, and makes the second
/// leave before its turn, and so on. As many more leave as miss, so as many are wanted as before.
bool RecordLru::is_chase(std::uint64_t leaving, std::uint64_t wanted, std::uint32_t word,
                         const Record& incoming) {
  if (incoming.words != 1 || (leaving & ~incoming.mask) != 0) return false;
  const std::uint64_t missing = incoming.mask & ~incoming.page->uses->present(word);
  const std::uint64_t before = missing & ((leaving & -leaving) - 1);
  const auto spared = static_cast<std::uint64_t>(std::popcount(missing)) - wanted;
  return static_cast<std::uint64_t>(std::popcount(before)) > spared;
}

void RecordLru::leave(const Record& record, std::uint32_t lines, std::uint32_t dirty) {
  CacheCounts& counts = counts_.of(record.tag);
  counts.evictions += lines;
  counts.write_backs += dirty;
  resident_ -= lines;
  Page& page = *record.page;
  page.resident -= lines;
  if (page.resident == 0) {
    free_.push_back(page.uses);
    page.uses = nullptr;
  }
}

void RecordLru::write_back(const Record& record, std::uint32_t word, std::uint64_t lines) {
  for_each_bit_run(lines, [&](std::uint32_t begin, std::uint32_t count) {
    outflow_.write_back({record.page->line(word) + begin, count}, record.tag);
  });
}

/// Of a page of which no line is resident.
void RecordLru::acquire(Page& page) {
  if (free_.empty()) free_.push_back(&use_counts_.emplace_back());
  page.uses = free_.back();  // all zero
  free_.pop_back();
}

/// Every line keeps its last place in the queue only. The limit leaves time for as many records to
/// come as there are.
void RecordLru::tidy() {
  std::vector<Record> kept;
  kept.reserve(queue_.size() - oldest_);
  for (std::size_t at = queue_.size(); at-- > oldest_;) {
    keep_last_uses(queue_[at], at == oldest_ ? done_ : 0, kept);
  }
  std::ranges::reverse(kept);
  for (const Record& record : kept) {
    for (std::uint32_t i = 0; i < record.words; ++i) {
      record.page->uses->put_back(record.word_at(i), record.mask);
    }
  }
  queue_ = std::move(kept);
  oldest_ = 0;
  done_ = 0;
  queue_limit_ = std::max(kFewRecords, 4 * queue_.size());
}

/// What no newer record has taken, as few records as are made of equal words in a row.
void RecordLru::keep_last_uses(const Record& record, std::uint64_t done,
                               std::vector<Record>& newest_first) {
  Record open = record;
  open.words = 0;
  for (std::uint32_t i = record.words; i-- > 0;) {
    const std::uint32_t word = record.word_at(i);
    const std::uint64_t lines = i == 0 ? record.mask & ~done : record.mask;
    const std::uint64_t own = record.page->uses->take(word, lines);
    ++steps_;
    if (open.words == 0 || own != open.mask || open.word != word + record.step) {
      if (open.words != 0) newest_first.push_back(open);
      open.words = 0;
      if (own == 0) continue;
      open.mask = own;
      open.per_word = small(count_of_part(own, record.mask, record.per_word));
    }
    open.word = small(word);
    ++open.words;
  }
  if (open.words != 0) newest_first.push_back(open);
}

void RecordLru::restore(LineRun lines, std::uint16_t tag, bool dirty) {
  counts_.of(tag);  // every tag in the cache has its counts: references to them stay valid
  for_each_page(lines, [&](std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
    Page& page = pages_.get(number);
    if (page.uses == nullptr) acquire(page);
    page.resident += end - begin;
    while (begin < end) {
      const std::uint32_t low = begin % 64;
      const std::uint32_t count = std::min(end - begin, 64 - low);
      append({&page, bit_run(low, count), small(begin / 64), 1, 1, small(count), tag}, dirty);
      begin += count;
    }
  });
  resident_ += lines.count;
}

void RecordLru::finish() {
  std::vector<Victims> dirty;
  for_each([&](LineRun lines, std::uint16_t tag, bool is_dirty) {
    if (!is_dirty) return;
    counts_.of(tag).final_dirty += lines.count;
    dirty.push_back({lines, true, tag});
  });
  for (const Record& record : queue_) {
    for (std::uint32_t i = 0; i < record.words; ++i) {
      record.page->uses->clean(record.word_at(i));
    }
  }
  if (!outflow_.active()) return;
  std::ranges::sort(dirty, {}, [](const Victims& v) { return v.lines.first; });
  for (const Victims& run : dirty) outflow_.write_back(run.lines, run.tag);
  outflow_.flush();
}

}  // namespace attnsim::machine
