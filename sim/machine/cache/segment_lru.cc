#include "sim/machine/cache/segment_lru.h"

#include <algorithm>
#include <utility>

namespace attnsim::machine {

namespace {

// Where representations cost the same (tests/benchmarks/cache_benchmark.cc): a piece costs what two
// lines cost singly.
constexpr std::uint64_t kLinesPerPiece = 2;
constexpr std::uint64_t kLinesPerStep = 2;
// Rectangles are worth their records with rows of fewer lines, and when they have more rows.
constexpr std::uint64_t kShortRow = 8;
constexpr std::uint64_t kManyRows = 4;
// They are kept while rows are not longer than this and a step is that many lines.
constexpr std::uint64_t kLongRow = 64;
constexpr std::uint64_t kLinesPerGoodStep = 4;
constexpr std::uint64_t kCapacities = 8;  // between reviews, so that moving the lines over is cheap
constexpr std::uint64_t kMostPatience = 1U << 20U;

/// Calls visit(Victims) for maximal runs of resident lines, oldest first.
template <class From, class Visit>
void for_each_run(From& from, Visit&& visit) {
  Victims run;
  from.for_each([&](LineRun lines, std::uint16_t tag, bool dirty) {
    if (run.lines.first + run.lines.count == lines.first && run.tag == tag && run.dirty == dirty) {
      run.lines.count += lines.count;
      return;
    }
    if (run.lines.count != 0) visit(run);
    run = {lines, dirty, tag};
  });
  if (run.lines.count != 0) visit(run);
}

}  // namespace

SegmentLru::SegmentLru(const LruOptions& options, Downstream* below, std::uint64_t first_review)
    : options_(options),
      below_(below),
      review_after_(first_review),
      touched_(std::make_shared<TouchedLines>()),
      blocks_(std::make_unique<BlockLru>(options, below, touched_)) {}

void SegmentLru::access(const LineAccess& access) {
  note(access.lines.count, 0);
  if (mode_ == Mode::blocks) {
    blocks_->access(access);
  } else if (mode_ == Mode::lines) {
    lines_->access(access);
  } else {
    records_->access(access);
  }
}

void SegmentLru::access(const RectAccess& rect) {
  note(rect.rows * rect.row.lines.count, rect.rows - 1);
  if (mode_ == Mode::blocks) {
    blocks_->access(rect);
  } else if (mode_ == Mode::lines) {
    lines_->access(rect);
  } else {
    records_->access(rect);
  }
}

/// Before the access: the call of the representation is then the last thing an access does.
void SegmentLru::note(std::uint64_t lines, std::uint64_t more_rows) {
  window_.lines += lines;
  window_.more_rows += more_rows;
  ++window_.accesses;
  if (window_.lines >= review_after_) [[unlikely]] {
    review();
  }
}

void SegmentLru::review() {
  with_blocks_.pass_review();
  with_records_.pass_review();
  if (is_failing()) (mode_ == Mode::blocks ? with_blocks_ : with_records_).fail();
  const Mode next = choose();
  if (next != mode_) change_to(next);
  window_ = {};
  start_ = blocks_ ? blocks_->pieces() : records_ ? records_->steps() : 0;
  if (review_after_ / kCapacities < options_.capacity) review_after_ *= 2;
}

void SegmentLru::Attempts::fail() {
  wait = patience;
  patience = std::min(2 * patience, kMostPatience);
}

/// Whether the representation saved nothing since the last review.
bool SegmentLru::is_failing() const {
  if (mode_ == Mode::blocks) {
    return window_.lines < kLinesPerPiece * (blocks_->pieces() - start_);
  }
  return mode_ == Mode::records && window_.lines < kLinesPerStep * (records_->steps() - start_);
}

SegmentLru::Mode SegmentLru::choose() const {
  const bool in_order = below_ != nullptr && below_->ordered();
  const std::uint64_t rows = window_.accesses + window_.more_rows;
  const bool rectangles = rows >= kManyRows * window_.accesses && window_.lines < kShortRow * rows;
  const bool good = mode_ == Mode::records && window_.lines < kLongRow * rows &&
                    window_.lines >= kLinesPerGoodStep * (records_->steps() - start_);
  if (good) return Mode::records;
  if (rectangles && !in_order && with_records_.may_be_tried()) return Mode::records;
  // A piece is at most a row: with shorter rows than that, blocks cannot pay.
  const bool runs = window_.lines >= kLinesPerPiece * rows;
  if (runs && with_blocks_.may_be_tried()) return Mode::blocks;
  return Mode::lines;
}

void SegmentLru::change_to(Mode mode) {
  if (mode_ == Mode::blocks) {
    move_to(blocks_, mode);
  } else if (mode_ == Mode::records) {
    move_to(records_, mode);
  } else {
    move_to(lines_, mode);
  }
  mode_ = mode;
}

template <class From>
void SegmentLru::move_to(std::unique_ptr<From>& from, Mode mode) {
  if (mode == Mode::blocks) {
    move_lines(from, blocks_);
  } else if (mode == Mode::records) {
    move_lines(from, records_);
  } else {
    move_lines(from, lines_);
  }
}

/// In order of last use, by so many lines further on.
template <class From, class To>
void SegmentLru::move_lines(std::unique_ptr<From>& from, std::unique_ptr<To>& to,
                            const LinesByTag& by) {
  auto made = std::make_unique<To>(options_, below_, touched_);
  for_each_run(*from, [&](const Victims& run) {
    const std::uint64_t distance = run.tag < by.size() ? by[run.tag] : 0;
    made->restore({run.lines.first + distance, run.lines.count}, run.tag, run.dirty);
  });
  past_ += from->tag_counts();
  from.reset();
  to = std::move(made);
}

void SegmentLru::snapshot(const LinesByTag& origin, std::vector<std::uint64_t>& out,
                          LinesByTag& lowest) {
  const auto append = [&](const Victims& run) {
    lowest[run.tag] = std::min(lowest[run.tag], run.lines.first);
    out.push_back(run.lines.first - origin[run.tag]);
    out.push_back(run.lines.count << 17U | std::uint64_t{run.tag} << 1U | (run.dirty ? 1U : 0U));
  };
  if (blocks_) for_each_run(*blocks_, append);
  if (records_) for_each_run(*records_, append);
  if (lines_) for_each_run(*lines_, append);
}

void SegmentLru::translate(const LinesByTag& by) {
  if (blocks_) move_lines(blocks_, blocks_, by);
  if (records_) move_lines(records_, records_, by);
  if (lines_) move_lines(lines_, lines_, by);
  start_ = 0;  // what was made anew has taken no step
  window_ = {};
}

void SegmentLru::append_touched(LineRun lines, std::vector<std::uint64_t>& out) {
  touched_->append(lines, out);
}

void SegmentLru::finish() {
  if (mode_ == Mode::blocks) {
    blocks_->finish();
  } else if (mode_ == Mode::lines) {
    lines_->finish();
  } else {
    records_->finish();
  }
}

CacheCounts SegmentLru::counts(std::uint16_t tag) const {
  CacheCounts sum = past_.totals(tag);
  if (blocks_) sum += blocks_->counts(tag);
  if (records_) sum += records_->counts(tag);
  if (lines_) sum += lines_->counts(tag);
  return sum;
}

}  // namespace attnsim::machine
