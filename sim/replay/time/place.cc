#include "sim/replay/time/place.h"

#include <algorithm>
#include <utility>

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
  while (task_ && starved_ > 0 && !far_ahead()) {
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
  op.last_done = std::max(op.last_done, done);
  --op.left;
  stirred_ = true;
  --unfinished_;
  last_done_ = std::max(last_done_, done);
}

}  // namespace attnsim::replay::time
