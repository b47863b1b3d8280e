#include "sim/replay/time/cycle_run.h"

#include <algorithm>
#include <bit>
#include <span>

#include "sim/core/error.h"

namespace attnsim::replay::time {
namespace {

/// Gives the answers again that were given before.
class Again final : public Shared {
 public:
  Again(const std::vector<Served>& answers, Shared& shared) : answers_(answers), shared_(shared) {}

  std::int64_t next_task(std::int64_t, std::size_t, Ps) override {
    ATTNSIM_CHECK(false, "a task ended in a cycle");
    return -1;
  }
  Served serve(const TileOp&, std::int64_t, Ps) override {
    ATTNSIM_CHECK(next_ < answers_.size(), "a cycle went another way the second time");
    return answers_[next_++];
  }
  std::uint64_t bytes_of(const TileOp& record) const override { return shared_.bytes_of(record); }

 private:
  const std::vector<Served>& answers_;
  Shared& shared_;
  std::size_t next_ = 0;
};

}  // namespace

void CycleRun::begin(const Cycle& cycle) {
  cycle_ = &cycle;
  start_ = core_.now_;
  rounds_ = 0;
  step_ = 0;
  pulled_ = 0;
  answers_.clear();
  done_.front().clear();
  places_.resize(core_.places_.size());
  for (std::size_t p = 0; p < places_.size(); ++p) {
    const Window& window = core_.places_[p]->window();
    const std::uint32_t held = window.end() - window.begin() + 2 * cycle.places[p].operations;
    PlaceLog& log = places_[p];
    if (log.copied.size() <= held) log.copied = NumberedRing<Elements>(std::bit_ceil(held + 1));
    log.copies.clear();
    log.begin = window.begin();
    log.end = log.next = window.end();
  }
}

Ps CycleRun::proceed(Shared& shared) {
  const Cycle::Step& step = cycle_->steps[step_];
  const Ps now = start_ + rounds_ * cycle_->length + step.at;
  bool same = true;
  for (const Cycle::Request& request : step.requests) {
    const std::uint32_t number =
        places_[request.place].begin + request.number +
        static_cast<std::uint32_t>(rounds_) * cycle_->places[request.place].operations;
    const TileOp record = with_elements(request.record, copied(request.place, number));
    const Served answer = shared.serve(record, core_.id_, now);
    answers_.push_back(answer);
    done_[static_cast<std::uint64_t>(rounds_) % kRemembered].push_back(
        std::max(now + request.port, answer.done));
    same &= answer.bytes == request.bytes && request.answer.accepts(answer.done - now);
  }
  for (const Cycle::Pull& pull : step.pulls) same = same && emit(pull);
  if (!same) return leave(shared);
  if (++step_ == cycle_->steps.size()) {
    ++rounds_;
    step_ = 0;
    pulled_ = 0;
    answers_.clear();
    done_[static_cast<std::uint64_t>(rounds_) % kRemembered].clear();
    for (PlaceLog& log : places_) log.copies.clear();
  }
  return start_ + rounds_ * cycle_->length + cycle_->steps[step_].at;
}

/// Whether a place goes on with the operations of the cycle.
bool CycleRun::emit(const Cycle::Pull& pull) {
  Place& place = *core_.places_[pull.place];
  PlaceLog& log = places_[pull.place];
  std::size_t copy = log.copies.size();
  if (!place.emits(pull.ops, log.copies)) return false;
  for (const std::uint32_t at : pull.copies) log.copied[log.next + at] = log.copies[copy++];
  log.next += pull.operations;
  ++pulled_;
  return true;
}

/// What a copy moves, by the number it has if numbers go on.
Elements CycleRun::copied(std::size_t place, std::uint32_t number) const {
  const PlaceLog& log = places_[place];
  return number < log.end ? elements_of(core_.places_[place]->window().record(number))
                          : log.copied[number];
}

/// Puts the core to where this round began, and lets it do the round, as far as it has come,
/// itself: with the answers that it got and the operations that were emitted.
Ps CycleRun::leave(Shared& shared) {
  if (rounds_ > 0) put_forward();
  emit_again();
  Again again(answers_, shared);
  Ps next = core_.now_;
  for (std::size_t i = 0; i <= step_; ++i) next = core_.run(again);
  cycle_ = nullptr;
  return next;
}

void CycleRun::emit_again() {
  std::vector<std::size_t> copies(places_.size(), 0);
  for (const Cycle::Step& step : cycle_->steps) {
    for (const Cycle::Pull& pull : step.pulls) {
      if (pulled_ == 0) return;
      --pulled_;
      const std::span<const Elements> all = places_[pull.place].copies;
      std::size_t& from = copies[pull.place];
      core_.places_[pull.place]->emit_again(pull.ops, all.subspan(from, pull.copies.size()));
      from += pull.copies.size();
    }
  }
}

void CycleRun::put_forward() {
  for (std::size_t p = 0; p < places_.size(); ++p) put_forward(p);
  const Ps by = rounds_ * cycle_->length;
  for (Core::Server* server : {&core_.matrix_, &core_.vector_}) {
    for (Core::Job& job : server->jobs) job.from += by;
  }
  core_.copy_in_free_ += by;
  core_.copy_out_free_ += by;
  core_.now_ += by;
}

void CycleRun::put_forward(std::size_t p) {
  Place& place = *core_.places_[p];
  Window& window = place.window();
  const PlaceLog& log = places_[p];
  const auto on = static_cast<std::uint32_t>(rounds_) * cycle_->places[p].operations;
  // First what is taken from the window itself.
  struct Answer {
    std::uint32_t number;
    Ps done;
  };
  std::vector<Answer> answers;
  for (std::uint32_t number = log.begin; number != log.end; ++number) {
    const TimedOp& op = window.op(number);
    if (!op.copy()) continue;
    if (op.left != op.strands) {
      const std::optional<Ps> done = answer_of(p, number + on);
      ATTNSIM_CHECK(done.has_value(), "a cycle lost an answer");
      answers.push_back({number, *done});
    }
    window.set_elements(number, copied(p, number + on));
  }
  UnitWorkSums work = cycle_->places[p].work;
  place.shift(rounds_ * cycle_->length, work *= static_cast<double>(rounds_));
  for (const Answer& answer : answers) window.set_answer(answer.number, answer.done);
}

/// When the answer to a copy was there, by the number it has if numbers go on.
std::optional<Ps> CycleRun::answer_of(std::size_t p, std::uint32_t number) const {
  const PlaceLog& log = places_[p];
  if (number < log.end) {
    const TimedOp& op = core_.places_[p]->window().op(number);
    if (op.left != op.strands) return op.done[op.served];
  }
  std::size_t index = 0;
  for (const Cycle::Step& step : cycle_->steps) {
    for (const Cycle::Request& request : step.requests) {
      const std::size_t i = index++;
      if (request.place != p) continue;
      const std::int64_t later =
          static_cast<std::int64_t>(number) - static_cast<std::int64_t>(log.begin + request.number);
      const auto operations = static_cast<std::int64_t>(cycle_->places[p].operations);
      if (later < 0 || operations == 0 || later % operations != 0) continue;
      const std::int64_t round = later / operations;
      if (round >= rounds_ || rounds_ - round >= static_cast<std::int64_t>(kRemembered)) continue;
      return done_[static_cast<std::uint64_t>(round) % kRemembered][i];
    }
  }
  return std::nullopt;
}

}  // namespace attnsim::replay::time
