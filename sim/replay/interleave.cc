#include "sim/replay/interleave.h"

#include <algorithm>
#include <functional>
#include <optional>

#include "sim/core/error.h"
#include "sim/trace/op_table.h"

namespace attnsim::replay {

/// A place that tasks occupy in turn.
class Interleaving::Place final : public Sink {
 public:
  Place(TrafficListener& listener, std::size_t number)
      : listener_(listener), number_(number), emitter_(*this, Emitter::Mode::pull) {}

  void consume(std::span<const TileOp> ops) override {
    if (muted_) return;
    for (const TileOp& op : ops) {
      if (op_row(op.op).kind == OpClass::traffic && op.op != Op::move) {
        bytes_ += listener_.traffic(op, number_);
      }
    }
  }

  void start(const Kernel& kernel, std::int64_t task, GridIndex::Observations& seen) {
    iterations_ = 0;
    task_.emplace(kernel.start(emitter_, kernel.task(task, &seen)));
  }

  /// One iteration; false when the task is done.
  bool advance() {
    ++iterations_;
    task_->resume();
    const bool going_on = !task_->done();
    if (!going_on) task_.reset();  // its tiles drop
    emitter_.flush();
    return going_on;
  }

  /// Another task in place of the one that is here, as far as this one, unheard.
  void replace(const Kernel& kernel, std::int64_t task, GridIndex::Observations& seen) {
    const std::uint64_t iterations = iterations_;
    muted_ = true;
    task_.reset();
    emitter_.flush();
    start(kernel, task, seen);
    while (iterations_ < iterations) {
      ATTNSIM_CHECK(advance(), kernel.describe(task) + " is no copy: it ends too early");
    }
    muted_ = false;
  }

  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t iterations() const { return iterations_; }

 private:
  TrafficListener& listener_;
  std::size_t number_;
  Emitter emitter_;
  std::optional<Task> task_;
  std::uint64_t bytes_ = 0;
  std::uint64_t iterations_ = 0;  // of the task that is here
  bool muted_ = false;
};

std::int64_t resident_per_core(const Schedule& schedule, const MachineSpec& machine,
                               const Target& target) {
  constexpr std::uint64_t kMostResident = 32;
  const std::vector<TileShape> tiles = schedule.footprint();
  if (tiles.empty()) return 1;
  const std::vector<std::uint64_t> used = target.occupation_bits(tiles);
  std::uint64_t resident = kMostResident;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const auto& capacity = machine.memories[i].capacity;
    if (used[i] == 0 || !capacity) continue;
    resident = std::min(resident, capacity->bytes(target.word_bits()) * 8 / used[i]);
  }
  return static_cast<std::int64_t>(std::max<std::uint64_t>(1, resident));
}

std::int64_t tasks_in_flight(const Schedule& schedule, const MachineSpec& machine,
                             const Target& target) {
  return machine.cores * resident_per_core(schedule, machine, target);
}

Interleaving::Interleaving(const Kernel& kernel, std::int64_t width, TrafficListener& listener)
    : kernel_(kernel), listener_(listener), tasks_(kernel.tasks()) {
  const std::int64_t occupied = std::min(width, tasks_);
  for (std::int64_t i = 0; i < occupied; ++i) {
    const auto place = static_cast<std::size_t>(i);
    places_.push_back(std::make_unique<Place>(listener, place));
    places_.back()->start(kernel, started_, seen_);
    push({0, started_++, place});
  }
}

Interleaving::~Interleaving() = default;

void Interleaving::push(const Turn& turn) {
  turns_.push_back(turn);
  std::push_heap(turns_.begin(), turns_.end(), std::greater<>());
}

bool Interleaving::step() {
  if (turns_.empty()) return false;
  std::pop_heap(turns_.begin(), turns_.end(), std::greater<>());
  Turn turn = turns_.back();
  turns_.pop_back();
  Place& place = *places_[turn.place];
  if (!place.advance()) {
    if (started_ == tasks_) return !turns_.empty();
    place.start(kernel_, started_, seen_);
    turn.task = started_++;
  }
  turn.bytes = place.bytes();
  push(turn);
  return true;
}

void Interleaving::show(Progress* progress) const {
  if (progress == nullptr) return;
  progress->step(static_cast<std::uint64_t>(started_), static_cast<std::uint64_t>(tasks_),
                 kernel_.name);
}

std::int64_t Interleaving::oldest() const {
  std::int64_t oldest = started_;
  for (const Turn& turn : turns_) oldest = std::min(oldest, turn.task);
  return oldest;
}

void Interleaving::snapshot(bool tell_places_apart, std::vector<std::uint64_t>& out) const {
  std::vector<Turn> turns = turns_;
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return b > a; });
  for (const Turn& turn : turns) {
    out.push_back(static_cast<std::uint64_t>(started_ - turn.task));
    out.push_back(places_[turn.place]->iterations());
    out.push_back(turn.bytes - turns.front().bytes);
    if (tell_places_apart) out.push_back(turn.place);
  }
}

void Interleaving::jump(std::int64_t tasks) {
  for (Turn& turn : turns_) {
    turn.task += tasks;  // of all alike: the heap stays one
    places_[turn.place]->replace(kernel_, turn.task, seen_);
  }
  started_ += tasks;
}

void run_interleaved(const Kernel& kernel, std::int64_t width, TrafficListener& listener,
                     Progress* progress) {
  Interleaving tasks(kernel, width, listener);
  while (tasks.step()) tasks.show(progress);
}

}  // namespace attnsim::replay
