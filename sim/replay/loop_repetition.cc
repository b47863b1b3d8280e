#include "sim/replay/loop_repetition.h"

#include <cstring>

namespace attnsim::replay {
namespace {

// Shorter runs are over before anything is gained.
constexpr std::int64_t kShortestRun = 6;
// What has not recurred by then hardly will; and a bound on what is kept.
constexpr std::size_t kMostMarks = 24;
constexpr std::size_t kMostRecords = std::size_t{1} << 16;

/// Equal but for where in memory and under which part of a mask.
bool same_but_for_place(const TileOp& a, const TileOp& b) {
  constexpr std::size_t kHead = offsetof(TileOp, row);    // operation, agent, flags, dtypes, tensor
  constexpr std::size_t kBody = offsetof(TileOp, value);  // scalar, slots, shape
  constexpr std::size_t kTail = offsetof(TileOp, col);
  static_assert(kHead == 8 && kBody == 16 && kTail == 52, "fields in the order of tile_op.h");
  const auto* x = reinterpret_cast<const unsigned char*>(&a);
  const auto* y = reinterpret_cast<const unsigned char*>(&b);
  return std::memcmp(x, y, kHead) == 0 && std::memcmp(x + kBody, y + kBody, kTail - kBody) == 0;
}

bool same_step(const TileOp& a, const TileOp& b, const TileOp& c) {
  return b.row - a.row == c.row - b.row && (a.op == Op::band || b.col - a.col == c.col - b.col);
}

/// In place of iterations that were left out: an outer iteration that leaves out as many is alike.
TileOp left_out(std::int64_t iterations) {
  TileOp record;
  record.op = Op::loop_next;
  record.value = static_cast<double>(iterations);
  return record;
}

}  // namespace

void LoopRepetition::consume(std::span<const TileOp> ops) {
  counter_.consume(ops);
  if (watched_ > 0) history_.insert(history_.end(), ops.begin(), ops.end());
}

void LoopRepetition::begin_loop() { frames_.emplace_back(); }

void LoopRepetition::end_loop() noexcept {
  unwatch(frames_.back());
  frames_.pop_back();
}

void LoopRepetition::watch(Frame& frame) {
  frame.watched = true;
  frame.marks.clear();
  ++watched_;
}

void LoopRepetition::unwatch(Frame& frame) noexcept {
  if (!frame.watched) return;
  frame.watched = false;
  if (--watched_ == 0) history_.clear();
}

bool LoopRepetition::watches(const LoopHead& head) {
  Frame& frame = frames_.back();
  if (head.run_begins) {
    unwatch(frame);
    if (head.left >= kShortestRun) watch(frame);
  }
  if (head.seen.value_read) unwatch(frame);
  return frame.watched;
}

std::int64_t LoopRepetition::skip(const LoopHead& head) {
  Frame& frame = frames_.back();
  if (frame.marks.size() == kMostMarks || history_.size() > kMostRecords) {
    unwatch(frame);
    return 0;
  }
  frame.marks.push_back({history_.size(), {}, counter_.totals()});
  counter_.slots().copy_live(frame.marks.back().live);
  for (std::size_t period = 1; period <= kMostPeriod; ++period) {
    if (!recurs(frame.marks, period)) continue;
    const auto length = static_cast<std::int64_t>(period);
    const std::int64_t times = (head.left - 1) / length;
    const Totals& before = frame.marks[frame.marks.size() - 1 - period].totals;
    counter_.repeat(counter_.totals().since(before), static_cast<std::uint64_t>(times));
    unwatch(frame);
    if (watched_ > 0) history_.push_back(left_out(times * length));
    return times * length;
  }
  return 0;
}

/// The last three periods of that many iterations.
bool LoopRepetition::recurs(const std::vector<Mark>& marks, std::size_t period) const {
  if (marks.size() < 3 * period + 1) return false;
  const auto mark = [&](std::size_t periods_ago) -> const Mark& {
    return marks[marks.size() - 1 - periods_ago * period];
  };
  const std::size_t count = mark(0).at - mark(1).at;
  return mark(1).at - mark(2).at == count && mark(2).at - mark(3).at == count &&
         mark(0).live == mark(1).live && mark(1).live == mark(2).live &&
         mark(2).live == mark(3).live && equal_records(mark(3).at, mark(2).at, mark(1).at, count);
}

bool LoopRepetition::equal_records(std::size_t a, std::size_t b, std::size_t c,
                                   std::size_t count) const {
  for (std::size_t i = 0; i < count; ++i) {
    const TileOp& x = history_[a + i];
    const TileOp& y = history_[b + i];
    const TileOp& z = history_[c + i];
    if (!same_but_for_place(x, y) || !same_but_for_place(y, z) || !same_step(x, y, z)) return false;
  }
  return true;
}

}  // namespace attnsim::replay
