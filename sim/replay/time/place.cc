#include "sim/replay/time/place.h"

#include <algorithm>
#include <utility>

namespace attnsim::replay::time {
namespace {

/// Iterations that a task is emitted ahead of its oldest unfinished operation, so that copies can
/// run ahead as far as their buffers allow.
constexpr std::uint32_t kLookAhead = 4;

constexpr std::size_t kFirstQueue = 64;  // a power of two

std::vector<TileOp> with_copies(std::vector<TileOp> ops, std::span<const Elements> copies) {
  std::size_t next = 0;
  for (TileOp& op : ops) {
    if (Window::is_copy(op)) op = with_elements(op, copies[next++]);
  }
  return ops;
}

}  // namespace

Place::Place(const Kernel& kernel, const Shape& shape, bool keep_records)
    : kernel_(kernel),
      shape_(shape),
      window_(shape, keep_records),
      emitter_(*this, Emitter::Mode::pull, shape.bench->batch) {}

void Place::start(std::int64_t task, Ps at) {
  number_ = task;
  starts_at_ = at;
  stirred_ = true;
  emitting_ = true;
  task_.emplace(kernel_.start(emitter_, kernel_.task(task)));
}

void Place::push(std::size_t queue, std::uint32_t number) {
  Queue& q = queues_[queue];
  if (q.strands == 0) open(queue);
  if (q.pushed == q.room_until) make_room(q);
  q.numbers[q.pushed++] = number;
  for (std::size_t s = 0; s < q.strands; ++s) {
    Strand& strand = strands_[q.first_strand + s];
    if (strand.next != 0) continue;
    strand.next = number;
    if (!strand.stores) --starved_;
  }
}

void Place::make_room(Queue& queue) {
  std::uint32_t behind = 0;
  for (std::size_t s = 0; s < queue.strands; ++s) {
    behind = std::max(behind, queue.pushed - strands_[queue.first_strand + s].position);
  }
  if (behind == queue.numbers.size()) queue.numbers.grow(queue.pushed - behind, queue.pushed);
  queue.room_until = queue.pushed - behind + queue.numbers.size();
}

/// A queue's first operation brings its strands into being.
void Place::open(std::size_t queue) {
  Queue& q = queues_[queue];
  q.numbers = NumberedRing<std::uint32_t>(kFirstQueue);
  q.first_strand = strands_.size();
  q.strands = queue % kKinds == compute ? shape_.strands[queue / kKinds] : 1;
  const bool stores = queue % kKinds == copy_out;
  if (!stores) starved_ += q.strands - (std::exchange(empty_, false) ? 1 : 0);
  for (std::size_t part = 0; part < q.strands; ++part) {
    strands_.push_back({.queue = static_cast<std::uint8_t>(queue),
                        .part = static_cast<std::uint8_t>(part),
                        .stores = stores});
  }
}

void Place::consume(std::span<const TileOp> ops) {
  if (catcher_ != nullptr) {
    catcher_->insert(catcher_->end(), ops.begin(), ops.end());
    return;
  }
  if (comparison_ != nullptr) {
    comparison_->take(ops);
    return;
  }
  for (const TileOp& record : ops) {
    if (!window_.append(record)) continue;
    const std::uint32_t number = window_.end() - 1;
    const TimedOp& op = window_.op(number);
    work_ += window_.last_cost;
    unfinished_ += op.strands;
    const Kind kind = op.unit == Unit::copy_in                      ? copy_in
                      : op.unit == Unit::copy_out && !op.waited_for ? copy_out
                                                                    : compute;
    push(queue_of(op.agent, kind), number);
  }
}

bool Place::far_ahead() const { return window_.iterations_ahead() >= kLookAhead; }

bool Place::pull() {
  bool any = false;
  while (emitting_ && starved_ > 0 && !far_ahead()) {
    any = true;
    emit();
  }
  return any;
}

void Place::emit() {
  if (taken_ < ahead_.size()) {
    take_ahead();
  } else if (pulls_ != nullptr) {
    std::vector<TileOp> ops;
    catcher_ = &ops;
    resume();
    catcher_ = nullptr;
    consume(ops);
    emitting_ = task_.has_value();
    pulls_->push_back({.place = noted_as_, .ops = std::move(ops)});
  } else {
    resume();
    emitting_ = task_.has_value();
  }
}

void Place::resume() {
  task_->resume();
  if (task_->done()) task_.reset();  // its tiles drop
  emitter_.flush();
}

void Place::take_ahead() {
  consume(ahead_[taken_++]);
  if (taken_ < ahead_.size()) return;
  ahead_.clear();
  taken_ = 0;
  unexpected_ = false;
  emitting_ = task_.has_value();
}

bool Place::emits(const std::vector<TileOp>& expected, std::vector<Elements>& copies) {
  if (!task_) return false;
  const std::size_t before = copies.size();
  Comparison comparison{.expected = expected, .copies = copies};
  comparison_ = &comparison;
  resume();
  comparison_ = nullptr;
  std::vector<TileOp>& others = comparison.others;
  if (comparison.met && others.empty() && task_) return true;
  if (comparison.met) {
    const std::vector<TileOp> first = with_copies(expected, std::span(copies).subspan(before));
    others.insert(others.begin(), first.begin(), first.end());
  }
  copies.resize(before);
  ahead_.push_back(std::move(others));
  unexpected_ = true;
  return false;
}

void Place::Comparison::take(std::span<const TileOp> ops) {
  if (met || !others.empty() || !std::ranges::equal(ops, expected, alike)) {
    others.insert(others.end(), ops.begin(), ops.end());
    return;
  }
  met = true;
  for (const TileOp& op : ops) {
    if (Window::is_copy(op)) copies.push_back(elements_of(op));
  }
}

void Place::emit_again(const std::vector<TileOp>& ops, std::span<const Elements> copies) {
  ahead_.insert(ahead_.end() - (unexpected_ ? 1 : 0), with_copies(ops, copies));
}

void Place::describe(Signature& out, Ps now) const {
  window_.describe(out, now);
  // What was free, or ready, before this makes no difference.
  const Ps over = now - shape_.rates->stage_latency;
  const auto since = [over](Ps at) { return at == kNever ? -1 : std::max<Ps>(at - over, -2); };
  for (const Strand& strand : strands_) {
    out.push_back(strand.queue << 8 | strand.part << 4 | (strand.waiting ? 1 : 0));
    out.push_back(static_cast<std::int64_t>(strand.last));
    out.push_back(queues_[strand.queue].pushed - strand.position);
    out.push_back(window_.relative(strand.next));
    out.push_back(since(strand.free_at));
    out.push_back(strand.ready_at == kNever ? -1 : std::max<Ps>(strand.ready_at - now, -2));
    const std::int64_t blocker = window_.relative(strand.blocker.number);
    out.push_back(blocker);
    out.push_back(blocker >= 0 && strand.blocker.own_part ? 1 : 0);
  }
  out.push_back(wakes_at_ == kNever ? -1 : wakes_at_ - now);
  out.push_back((stirred_ ? 1 : 0) | (emitting_ ? 2 : 0) | (number_ >= 0 ? 4 : 0));
  out.push_back(starts_at_ > now ? starts_at_ - now : 0);
}

void Place::shift(Ps by, const UnitWorkSums& work) {
  window_.shift(by);
  for (Strand& strand : strands_) {
    strand.free_at += by;
    if (strand.ready_at != kNever) strand.ready_at += by;
  }
  if (wakes_at_ != kNever) wakes_at_ += by;
  last_done_ += by;
  work_ += work;
}

void Place::complete(std::uint32_t number, int part, Ps done) {
  window_.op(number).finish(part, done);
  stirred_ = true;
  --unfinished_;
  last_done_ = std::max(last_done_, done);
}

}  // namespace attnsim::replay::time
