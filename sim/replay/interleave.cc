#include "sim/replay/interleave.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <optional>
#include <queue>
#include <utility>
#include <vector>

#include "sim/trace/op_table.h"

namespace attnsim::replay {
namespace {

/// A place that tasks occupy in turn.
class Place final : public Sink {
 public:
  Place(TrafficListener& listener, std::size_t number)
      : listener_(listener), number_(number), emitter_(*this, Emitter::Mode::pull) {}

  void consume(std::span<const TileOp> ops) override {
    for (const TileOp& op : ops) {
      if (op_row(op.op).kind == OpClass::traffic && op.op != Op::move) {
        bytes_ += listener_.traffic(op, number_);
      }
    }
  }

  void start(const Kernel& kernel, std::int64_t task) {
    task_.emplace(kernel.start(emitter_, kernel.task(task)));
  }

  /// One iteration; false when the task is done.
  bool advance() {
    task_->resume();
    const bool going_on = !task_->done();
    if (!going_on) task_.reset();  // its tiles drop
    emitter_.flush();
    return going_on;
  }

  std::uint64_t bytes() const { return bytes_; }

 private:
  TrafficListener& listener_;
  std::size_t number_;
  Emitter emitter_;
  std::optional<Task> task_;
  std::uint64_t bytes_ = 0;
};

}  // namespace

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

void run_interleaved(const Kernel& kernel, std::int64_t width, TrafficListener& listener,
                     Progress* progress) {
  const std::int64_t tasks = kernel.tasks();
  std::deque<Place> places;  // immovable: each owns an emitter that tiles point to
  using Entry = std::pair<std::uint64_t, std::size_t>;  // bytes moved, place
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> order;
  std::int64_t next = 0;
  for (; next < std::min(width, tasks); ++next) {
    places.emplace_back(listener, places.size()).start(kernel, next);
    order.push({0, places.size() - 1});
  }
  while (!order.empty()) {
    const std::size_t at = order.top().second;
    order.pop();
    Place& place = places[at];
    if (!place.advance()) {
      if (next == tasks) continue;
      if (progress != nullptr) {
        progress->step(static_cast<std::uint64_t>(next), static_cast<std::uint64_t>(tasks),
                       kernel.name);
      }
      place.start(kernel, next++);
    }
    order.push({place.bytes(), at});
  }
}

}  // namespace attnsim::replay
