#include "sim/replay/time/core.h"

#include <algorithm>
#include <cmath>

namespace attnsim::replay::time {
namespace {

constexpr std::int64_t kMillion = 1'000'000;

}  // namespace

Core::Core(const Kernel& kernel, const Shape& shape, std::int64_t id, std::size_t places,
           Listener* listener)
    : kernel_(kernel),
      shape_(shape),
      id_(id),
      listener_(listener),
      wants_task_(places, false),
      slowdown_(kMillion + std::llround(shape.rates->contention * kMillion)) {
  for (std::size_t i = 0; i < places; ++i) {
    places_.push_back(std::make_unique<Place>(kernel, shape, listener != nullptr));
  }
}

Ps Core::finished_at() const {
  Ps latest = 0;
  for (const auto& place : places_) latest = std::max(latest, place->last_done());
  return latest;
}

UnitWorkSums Core::work() const {
  UnitWorkSums sum;
  for (const auto& place : places_) sum += place->work();
  return sum;
}

/// A copy, or a strand's share of one: the core's port and the shared memories work on it at the
/// same time. The memories get it as one request, with the first share.
void Core::serve(const Copy& copy, Shared& shared) {
  Place& place = *places_[copy.place];
  Place::Strand& strand = place.strands()[copy.strand];
  const TimedOp& op = place.window().op(copy.number);
  const TileOp& record = place.window().record(copy.number);
  const bool in = op.unit == Unit::copy_in;
  const Served served = op.left == op.strands ? shared.serve(record, id_, now_)
                                              : Served{now_, shared.bytes_of(record)};
  double& port = in ? copy_in_free_ : copy_out_free_;
  port = std::max(port, static_cast<double>(now_)) +
         shape_.rates->copy * static_cast<double>(served.bytes) / op.strands;
  const Ps done = std::max(static_cast<Ps>(port), served.done);
  if (op.waited_for) {
    strand.waiting = false;
    strand.free_at = static_cast<Ps>(port);
    strand.last = op.unit;
    place.step(strand);
  }
  if (listener_ != nullptr) {
    listener_->work(id_, copy.place, record.agent, record, in ? Unit::copy_in : Unit::copy_out,
                    now_, done);
  }
  place.complete(copy.number, strand.part, done);
}

void Core::serve_requests(Shared& shared) {
  for (const Copy& copy : copies_) serve(copy, shared);
  copies_.clear();
  if (!any_wants_task_) return;
  any_wants_task_ = false;
  const bool stays = kernel_.launch.placement != Placement::dispatch;
  for (std::size_t p = 0; p < places_.size(); ++p) {
    if (!wants_task_[p]) continue;
    wants_task_[p] = false;
    const std::int64_t task = shared.next_task(id_, p, now_);
    if (task >= 0) places_[p]->start(task, stays ? now_ : now_ + shape_.rates->task_start);
  }
}

/// A place whose task is done, or of a kernel that stays, has been emitted, asks for the next one.
void Core::finish_task(std::size_t p) {
  Place& place = *places_[p];
  if (place.task() < 0 || !place.emitted()) return;
  if (kernel_.launch.placement == Placement::dispatch && !place.finished()) return;
  if (listener_ != nullptr) listener_->task(id_, p, place.task(), place.starts_at(), now_);
  place.forget_task();
  wants_task_[p] = any_wants_task_ = true;
}

/// Issues all that can be issued now.
void Core::issue() {
  for (std::size_t p = 0; p < places_.size(); ++p) {
    Place& place = *places_[p];
    if (!place.stirred(now_)) continue;
    if (place.starts_at() > now_) {
      place.sleep(place.starts_at());
      continue;
    }
    place.window().retire(now_);
    place.pull();
    do {
      completed_at_once_ = false;
      place.sleep(kNever);
      for (std::size_t s = 0; s < place.strands().size(); ++s) {
        Place::Strand& strand = place.strands()[s];
        while (!strand.waiting && strand.next != 0 && issue(p, s, strand)) {
        }
      }
    } while (place.pull() || completed_at_once_);
    place.wake_by(place.pulls_at());
    finish_task(p);
  }
}

/// Issues the next operation of a strand, which has one, if it can go now.
bool Core::issue(std::size_t p, std::size_t s, Place::Strand& strand) {
  Place& place = *places_[p];
  const Window& window = place.window();
  if (strand.blocker.number != 0 && window.pending(strand.blocker, strand.part)) return false;
  const std::uint32_t number = strand.next;
  const TimedOp& op = window.op(number);
  if (strand.ready_at == kNever) {
    const Window::Readiness ready = window.ready(number, strand.part);
    strand.blocker = ready.blocker;
    if (ready.at == kNever) return false;
    strand.ready_at = std::max(strand.free_at + window.between(strand.last, op.unit), ready.at);
  }
  if (strand.ready_at > now_) {
    place.wake_by(strand.ready_at);
    return false;
  }
  strand.ready_at = kNever;
  strand.blocker = {};
  switch (op.unit) {
    case Unit::copy_in:
    case Unit::copy_out:
      copies_.push_back({p, s, number});
      if (op.waited_for) {  // until the port has taken it: serve()
        strand.waiting = true;
        return false;
      }
      break;
    case Unit::matrix:
    case Unit::vector: {
      Server& server = op.unit == Unit::matrix ? matrix_ : vector_;
      server.push({.place = p, .strand = s, .number = number, .left = op.work, .from = now_});
      if (op.waited_for) {
        strand.waiting = true;
        return false;
      }
      break;
    }
    case Unit::none:
      place.complete(number, strand.part, now_);
      completed_at_once_ = true;
      break;
  }
  place.step(strand);
  return true;
}

Ps Core::time_of(const Server& server) const {
  const Server& other = &server == &matrix_ ? vector_ : matrix_;
  if (!server.busy()) return kNever;
  const Ps left = server.front().left;
  if (!other.busy()) return now_ + left;
  return now_ + (left * slowdown_ + kMillion - 1) / kMillion;
}

Ps Core::next_event() {
  matrix_.ends_at = time_of(matrix_);
  vector_.ends_at = time_of(vector_);
  Ps next = std::min(matrix_.ends_at, vector_.ends_at);
  for (const auto& place : places_) next = std::min(next, place->wakes_at());
  return next;
}

void Core::advance(Ps to) {
  const Ps passed = to - now_;
  const bool both = matrix_.busy() && vector_.busy();
  const Ps progress = both ? passed * kMillion / slowdown_ : passed;
  for (Server* server : {&matrix_, &vector_}) {
    if (server->busy()) server->front().left -= progress;
  }
  now_ = to;
  if (matrix_.ends_at <= to) finish(matrix_);
  if (vector_.ends_at <= to) finish(vector_);
}

/// The first job of a server is done.
void Core::finish(Server& server) {
  const Job job = server.front();
  server.pop();
  if (server.busy()) server.front().from = now_;
  Place& place = *places_[job.place];
  Place::Strand& strand = place.strands()[job.strand];
  const TimedOp& op = place.window().op(job.number);
  if (listener_ != nullptr) {
    listener_->work(id_, job.place, op.agent, place.window().record(job.number), op.unit, job.from,
                    now_);
  }
  if (op.waited_for) {
    strand.waiting = false;
    strand.free_at = now_;
    strand.last = op.unit;
    place.step(strand);
  }
  place.complete(job.number, strand.part, now_);
}

Ps Core::proceed(Shared& shared) {
  serve_requests(shared);
  for (;;) {
    issue();
    if (any_wants_task_ || !copies_.empty()) return now_;
    const Ps next = next_event();
    if (next == kNever) return kNever;
    advance(next);
  }
}

}  // namespace attnsim::replay::time
