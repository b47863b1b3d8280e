#include "sim/replay/time/recurrence.h"

#include <algorithm>
#include <utility>

namespace attnsim::replay::time {
namespace {

constexpr std::size_t kMostAnchors = 4;  // of a round
constexpr int kMostRounds = 8;           // to wait for the last answer to be needed
constexpr int kTries = 12;
constexpr int kFirstGap = 8, kLastGap = 512;  // anchors
constexpr std::size_t kMostCycles = 1024;     // of a kernel

void count_copies(Cycle::Pull& pull) {
  for (const TileOp& op : pull.ops) {
    if (!Window::is_operation(op)) continue;
    if (Window::is_copy(op)) pull.copies.push_back(pull.operations);
    ++pull.operations;
  }
}

}  // namespace

Ps Recurrence::proceed(Shared& shared) {
  if (!run_.runs()) {
    if (core_.any_wants_task_) {  // nothing of what is going on goes on
      disturbed(new_task);
    } else if (at_anchor()) {
      watch();
    }
  }
  if (run_.runs()) {
    const Cycle& cycle = *run_.cycle();
    const Ps next = run_.proceed(shared);
    if (!run_.runs()) end_run(cycle);
    return next;
  }
  if (recording_ && recording_->rounds == 0) begin_step();
  return core_.run(shared);
}

/// Rounds begin where the first place that has a task asks for data.
bool Recurrence::at_anchor() const {
  const auto& places = core_.places_;
  std::size_t first = 0;
  while (first < places.size() && places[first]->task() < 0) ++first;
  return std::ranges::any_of(core_.copies_, [&](const Core::Copy& copy) {
    return copy.place == first && places[first]->window().op(copy.number).unit == Unit::copy_in;
  });
}

void Recurrence::watch() {
  if (recording_) {
    if (--recording_->anchors_left == 0) end_round();
    return;
  }
  ++since_;
  if (wait_ > 0) {
    --wait_;
    return;
  }
  describe(state_);
  const std::uint64_t hash = CycleBook::hash(state_);
  for (const Cycle* known : book_.find(state_, hash)) {
    if (!starts(*known)) continue;
    enter(*known);
    return;
  }
  const auto last = std::find(seen_.rbegin(), seen_.rend(), hash);
  if (last != seen_.rend() && book_.size() < kMostCycles) {
    if (!book_.in_work.insert(hash).second) return;
    begin_recording(hash, static_cast<std::size_t>(last - seen_.rbegin()) + 1);
    return;
  }
  if (seen_.size() == kMostAnchors) seen_.erase(seen_.begin());
  seen_.push_back(hash);
  if (++tries_ == kTries) give_up();
}

void Recurrence::describe(Signature& out) const {
  out.clear();
  for (const auto& place : core_.places_) place->describe(out, core_.now_);
  for (const Core::Server* server : {&core_.matrix_, &core_.vector_}) {
    out.push_back(static_cast<std::int64_t>(server->jobs.size() - server->first));
    for (std::size_t i = server->first; i < server->jobs.size(); ++i) {
      const Core::Job& job = server->jobs[i];
      out.push_back(static_cast<std::int64_t>(job.place << 8 | job.strand));
      out.push_back(core_.places_[job.place]->window().relative(job.number));
      out.push_back(job.left);
    }
  }
  for (const Core::Copy& copy : core_.copies_) {
    out.push_back(static_cast<std::int64_t>(copy.place << 8 | copy.strand));
    out.push_back(core_.places_[copy.place]->window().relative(copy.number));
  }
  out.push_back(std::max<Ps>(core_.copy_in_free_ - core_.now_, 0));
  out.push_back(std::max<Ps>(core_.copy_out_free_ - core_.now_, 0));
}

/// Whether the core, which is where a cycle starts, has had answers in time for it.
bool Recurrence::starts(const Cycle& cycle) const {
  return std::ranges::all_of(cycle.pending, [&](const Cycle::Pending& pending) {
    const Window& window = core_.places_[pending.place]->window();
    const TimedOp& op = window.op(window.begin() + pending.number);
    return pending.answer.accepts(op.done[op.served] - core_.now_);
  });
}

void Recurrence::enter(const Cycle& cycle) {
  run_.begin(cycle);
  settles_[by_] = since_;
  tries_ = 0;
}

void Recurrence::end_run(const Cycle& cycle) {
  book_.went_through(cycle, run_.rounds());
  disturbed(left);
  if (run_.rounds() > 0) {
    in_vain_ = 0;
    gap_ = 0;
  } else if (++in_vain_ > 1) {
    give_up();
  }
}

/// A core comes back to a cycle about as soon as the last time.
void Recurrence::disturbed(Disturbance by) {
  stop_recording();
  seen_.clear();
  by_ = by;
  since_ = 0;
  wait_ = std::max(wait_, settles_[by] / 2);
}

void Recurrence::give_up() {
  stop_recording();
  seen_.clear();
  tries_ = 0;
  gap_ = std::clamp(2 * gap_, kFirstGap, kLastGap);
  wait_ = gap_;
}

// --- noting a round ---

void Recurrence::begin_recording(std::uint64_t hash, std::size_t anchors) {
  recording_ = std::make_unique<Recording>();
  Recording& r = *recording_;
  r.cycle.signature = state_;
  r.hash = hash;
  r.start = core_.now_;
  r.anchors = r.anchors_left = anchors;
  r.retired.resize(core_.places_.size());
  r.cycle.pending = pending();
  for (std::size_t p = 0; p < core_.places_.size(); ++p) {
    Place& place = *core_.places_[p];
    r.places.push_back({place.window().begin(), place.window().end(), place.work()});
    place.window().list_retired(&r.retired[p]);
  }
}

void Recurrence::begin_step() {
  std::vector<Cycle::Step>& steps = recording_->cycle.steps;
  steps.push_back({.at = core_.now_ - recording_->start});
  for (std::size_t p = 0; p < core_.places_.size(); ++p) {
    core_.places_[p]->note_pulls(&steps.back().pulls, p);
  }
}

void Recurrence::served(std::size_t place, std::uint32_t number, Ps port, const Served& answer) {
  if (!recording_) return;
  Recording& r = *recording_;
  const Ps answered = answer.done - core_.now_;
  if (r.rounds == 0) {
    r.cycle.steps.back().requests.push_back(
        {.record = core_.places_[place]->window().record(number),
         .place = place,
         .number = number - r.places[place].begin,
         .port = port - core_.now_,
         .bytes = answer.bytes,
         .answer = {.recorded = answered}});
    return;
  }
  r.later.push_back({core_.now_ - r.start - r.rounds * r.cycle.length, answered});
}

void Recurrence::end_round() {
  Recording& r = *recording_;
  describe(state_);
  if (state_ != r.cycle.signature || ++r.rounds > kMostRounds ||
      (r.rounds == 1 && !close_cycle())) {
    give_up();
    return;
  }
  r.anchors_left = r.anchors;
  if (!know_answers()) return;
  if (!repeats()) {
    give_up();
    return;
  }
  const Cycle& cycle = book_.add(std::move(r.cycle));
  stop_recording();
  if (starts(cycle)) enter(cycle);
}

/// The answers that there are, or that are on their way.
std::vector<Cycle::Pending> Recurrence::pending() const {
  std::vector<Cycle::Pending> out;
  for (std::size_t p = 0; p < core_.places_.size(); ++p) {
    const Window& window = core_.places_[p]->window();
    for (std::uint32_t number = window.begin(); number != window.end(); ++number) {
      const TimedOp& op = window.op(number);
      if (!op.copy() || op.left == op.strands) continue;
      out.push_back({.place = p,
                     .number = number - window.begin(),
                     .answer = {.recorded = op.done[op.served] - core_.now_}});
    }
  }
  return out;
}

/// What there is to say of the first round when it is over; false: it is not one to repeat.
bool Recurrence::close_cycle() {
  Recording& r = *recording_;
  r.cycle.length = core_.now_ - r.start;
  r.pending_again = pending();
  for (Cycle::Step& step : r.cycle.steps) {
    for (Cycle::Pull& pull : step.pulls) count_copies(pull);
  }
  for (std::size_t p = 0; p < core_.places_.size(); ++p) {
    Place& place = *core_.places_[p];
    place.note_pulls(nullptr, p);
    const Window& window = place.window();
    Cycle::PlaceRound round{.operations = window.end() - r.places[p].end, .work = place.work()};
    UnitWorkSums before = r.places[p].work;
    round.work += (before *= -1);
    r.cycle.places.push_back(round);
    // A run through the cycle remembers the answers of only so many rounds.
    const bool any = std::ranges::any_of(
        r.pending_again, [p](const Cycle::Pending& pending) { return pending.place == p; });
    const std::uint32_t most = CycleRun::kRemembered * round.operations;
    if (any && window.end() - window.begin() >= most) return false;
  }
  return true;
}

/// Whether all answers of the first round have been needed, or forgotten; then it is known how late
/// they may be.
bool Recurrence::know_answers() {
  Recording& r = *recording_;
  const auto know = [&](Tolerance& answer, std::size_t place, std::uint32_t number, Ps asked,
                        Ps certain) {
    const auto* copy = find_retired(place, number);
    if (copy == nullptr) return false;
    const Ps needed = copy->needed - asked;
    answer.latest = std::max(answer.recorded, certain) <= needed ? needed
                    : answer.recorded <= certain                 ? certain
                                                                 : INT64_MIN;
    return true;
  };
  for (Cycle::Step& step : r.cycle.steps) {
    for (Cycle::Request& request : step.requests) {
      const std::uint32_t number = r.places[request.place].begin + request.number;
      if (!know(request.answer, request.place, number, r.start + step.at, request.port)) {
        return false;
      }
    }
  }
  for (Cycle::Pending& pending : r.cycle.pending) {
    const std::uint32_t number = r.places[pending.place].begin + pending.number;
    if (!know(pending.answer, pending.place, number, r.start, INT64_MIN)) return false;
  }
  for (Cycle::Pending& pending : r.pending_again) {
    const std::uint32_t number =
        r.places[pending.place].begin + r.cycle.places[pending.place].operations + pending.number;
    if (!know(pending.answer, pending.place, number, r.start + r.cycle.length, INT64_MIN)) {
      return false;
    }
  }
  return true;
}

/// Whether the rounds after the first one were the same, and their answers would have been
/// accepted: only then is it known of all answers when they are needed.
bool Recurrence::repeats() const {
  const Recording& r = *recording_;
  if (r.cycle.pending.size() != r.pending_again.size()) return false;
  for (std::size_t i = 0; i < r.pending_again.size(); ++i) {
    const Cycle::Pending& first = r.cycle.pending[i];
    const Cycle::Pending& again = r.pending_again[i];
    if (first.place != again.place || first.number != again.number ||
        !first.answer.accepts(again.answer.recorded) ||
        !again.answer.accepts(first.answer.recorded)) {
      return false;
    }
  }
  std::size_t next = 0;
  for (int round = 1; round < r.rounds; ++round) {
    for (const Cycle::Step& step : r.cycle.steps) {
      for (const Cycle::Request& request : step.requests) {
        if (next == r.later.size()) return false;
        const Recording::Later& later = r.later[next++];
        if (later.asked != step.at || !request.answer.accepts(later.answered)) return false;
      }
    }
  }
  return next == r.later.size();
}

const Window::RetiredCopy* Recurrence::find_retired(std::size_t place, std::uint32_t number) const {
  const auto& retired = recording_->retired[place];
  const auto it = std::ranges::find(retired, number, &Window::RetiredCopy::number);
  return it == retired.end() ? nullptr : &*it;
}

void Recurrence::stop_recording() {
  if (!recording_) return;
  for (std::size_t p = 0; p < core_.places_.size(); ++p) {
    core_.places_[p]->note_pulls(nullptr, p);
    core_.places_[p]->window().list_retired(nullptr);
  }
  book_.in_work.erase(recording_->hash);
  recording_.reset();
}

}  // namespace attnsim::replay::time
