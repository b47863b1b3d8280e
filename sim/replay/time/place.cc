#include "sim/replay/time/place.h"

#include <algorithm>

namespace attnsim::replay::time {
namespace {

/// Iterations that a task is emitted ahead of its oldest unfinished operation, so that copies can
/// run ahead as far as their buffers allow.
constexpr std::uint32_t kLookAhead = 4;

constexpr std::size_t kFirstQueue = 64;  // a power of two

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
  task_.emplace(kernel_.start(emitter_, kernel_.task(task)));
}

void Place::push(std::size_t queue, std::uint32_t number) {
  Queue& q = queues_[queue];
  if (q.numbers.size() == 0) open(queue);
  std::uint32_t behind = 0;
  for (const Strand& strand : strands_) {
    if (strand.queue == queue) behind = std::max(behind, q.pushed - strand.next);
  }
  if (behind == q.numbers.size()) q.numbers.grow(q.pushed - behind, q.pushed);
  q.numbers[q.pushed++] = number;
}

/// A queue's first operation brings its strands into being.
void Place::open(std::size_t queue) {
  queues_[queue].numbers = NumberedRing<std::uint32_t>(kFirstQueue);
  const int parts = queue % kKinds == compute ? shape_.strands[queue / kKinds] : 1;
  for (int part = 0; part < parts; ++part) {
    strands_.push_back(
        {.queue = static_cast<std::uint8_t>(queue), .part = static_cast<std::uint8_t>(part)});
  }
}

void Place::consume(std::span<const TileOp> ops) {
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

/// Whether a strand that is not just storing has nothing to go on with, or there is none yet.
bool Place::starved() const {
  bool none = true;
  for (const Strand& strand : strands_) {
    if (strand.queue % kKinds == copy_out) continue;
    none = false;
    if (!strand.waiting && next_of(strand) == 0) return true;
  }
  return none;
}

bool Place::far_ahead() const { return window_.iterations_ahead() >= kLookAhead; }

bool Place::pull() {
  bool any = false;
  while (task_ && starved() && !far_ahead()) {
    any = true;
    task_->resume();
    if (task_->done()) task_.reset();  // its tiles drop
    emitter_.flush();
  }
  return any;
}

void Place::complete(std::uint32_t number, int part, Ps done) {
  TimedOp& op = window_.op(number);
  op.done[static_cast<std::size_t>(part)] = done;
  --op.left;
  stirred_ = true;
  --unfinished_;
  last_done_ = std::max(last_done_, done);
}

}  // namespace attnsim::replay::time
