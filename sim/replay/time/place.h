// A place on a core: the task that is resident there, its instruction streams, and how far each is.
//
// An agent's compute operations are issued in order by its strands: one for every set of warps that
// fills the partitions of the core. Loads and stores are asynchronous copies, each with an in-order
// queue of their own, so that a load starts as soon as its buffer is free.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "sim/replay/time/window.h"
#include "sim/trace/emitter.h"
#include "sim/trace/program.h"

namespace attnsim::replay::time {

class Place final : public Sink {
 public:
  /// References both.
  Place(const Kernel& kernel, const Shape& shape, bool keep_records);

  /// Puts a task here. Its first operation is emitted by the next pull().
  void start(std::int64_t task, Ps at);

  void consume(std::span<const TileOp> ops) override;

  /// Emits further iterations where a strand has run out of operations; false when none was.
  bool pull();
  /// When pull() can go on where the window held it back; kNever: something else comes before.
  Ps pulls_at() const { return emitting_ && far_ahead() ? window_.retires_at() : kNever; }

  /// True when the task has emitted all it does.
  bool emitted() const { return !emitting_; }
  void forget_task() { number_ = -1; }
  /// True when nothing of the task is left but stores on their way.
  bool finished() const { return emitted() && unfinished_ == 0; }

  struct Strand {
    std::uint8_t queue = 0;        // index into the queues
    std::uint8_t part = 0;         // of the agent's strands
    bool stores = false;           // and does nothing else
    bool waiting = false;          // for the operation it issued last
    Unit last = Unit::none;        // what that was on
    std::uint32_t position = 0;    // in its queue, of
    std::uint32_t next = 0;        // the operation it issues next; 0: none is known
    Ps free_at = 0;                // when its last operation, or the core's port with it, was done
    Ps ready_at = kNever;          // of its next operation, once that is known
    Window::Blocker blocker = {};  // what its next operation waits for
  };

  std::vector<Strand>& strands() { return strands_; }
  /// A strand's next operation is under way: on to the one behind it.
  void step(Strand& strand) {
    const Queue& queue = queues_[strand.queue];
    ++strand.position;
    strand.next = strand.position == queue.pushed ? 0 : queue.numbers[strand.position];
    if (strand.next == 0 && !strand.stores) ++starved_;
  }

  /// The part of an operation is done, its results at `done`.
  void complete(std::uint32_t number, int part, Ps done);

  /// Whether anything has happened since the last sleep(): an operation was done, a task put here,
  /// or its time has come.
  bool stirred(Ps now) const { return stirred_ || wakes_at_ <= now; }
  void sleep(Ps until) {
    stirred_ = false;
    wakes_at_ = until;
  }
  void wake_by(Ps at) { wakes_at_ = std::min(wakes_at_, at); }
  Ps wakes_at() const { return wakes_at_; }

  // --- for repetition: see cycle.h ---

  /// Emits what the task does up to its next suspension. True if that is what is expected, but for
  /// the elements that copies move, which are appended to `copies`; otherwise a later pull() takes
  /// it.
  bool emits(const std::vector<TileOp>& expected, std::vector<Elements>& copies);
  /// A later pull() takes these operations, before the ones that emits() left for it.
  void emit_again(const std::vector<TileOp>& ops, std::span<const Elements> copies);
  /// Has every pull() noted; null: nowhere.
  void note_pulls(std::vector<Cycle::Pull>* into, std::size_t as) {
    pulls_ = into;
    noted_as_ = as;
  }
  /// Appends all that what happens next depends on, relative to `now`.
  void describe(Signature& out, Ps now) const;
  /// Goes on as if it were so much later, and had done so much more.
  void shift(Ps by, const UnitWorkSums& work);

  Window& window() { return window_; }
  const Window& window() const { return window_; }
  Ps starts_at() const { return starts_at_; }
  std::int64_t task() const { return number_; }
  Ps last_done() const { return last_done_; }
  const UnitWorkSums& work() const { return work_; }

 private:
  struct Queue {
    NumberedRing<std::uint32_t> numbers{};  // of operations, by their position in the queue
    std::uint32_t pushed = 0;
    std::uint32_t room_until = 0;  // no strand is further behind than the ring's size before this
    std::size_t first_strand = 0, strands = 0;
  };
  /// What is emitted beside what is expected.
  struct Comparison {
    const std::vector<TileOp>& expected;
    std::vector<Elements>& copies;  // appended to when it is met
    bool met = false;
    std::vector<TileOp> others{};  // what else is emitted

    /// What comes in one go is compared; more than that is not expected.
    void take(std::span<const TileOp> ops);
  };
  enum Kind : std::uint8_t { compute, copy_in, copy_out, kKinds };

  static std::size_t queue_of(int agent, Kind kind) {
    return static_cast<std::size_t>(agent * kKinds + kind);
  }
  void push(std::size_t queue, std::uint32_t number);
  void open(std::size_t queue);
  void make_room(Queue& queue);
  bool far_ahead() const;
  void emit();
  void resume();
  void take_ahead();

  const Kernel& kernel_;
  const Shape& shape_;
  Window window_;
  Emitter emitter_;
  std::optional<Task> task_;
  bool emitting_ = false;  // there is more of the task to be taken
  std::array<Queue, static_cast<std::size_t>(kMostAgents) * kKinds> queues_;
  std::vector<Strand> strands_;
  /// Strands that have nothing to go on with, but for those that just store. Before there is one:
  /// the place itself.
  std::size_t starved_ = 1;
  bool empty_ = true;
  std::uint64_t unfinished_ = 0;  // parts of operations; a copy on its way is finished
  std::int64_t number_ = -1;
  bool stirred_ = false;
  Ps wakes_at_ = kNever;
  Ps starts_at_ = 0;
  Ps last_done_ = 0;
  UnitWorkSums work_;

  /// What the task has emitted, suspension by suspension, and is to be taken by a pull(). The last
  /// one may be what was not expected.
  std::vector<std::vector<TileOp>> ahead_;
  std::size_t taken_ = 0;
  bool unexpected_ = false;
  /// Where what is emitted goes; null: it is taken at once.
  std::vector<TileOp>* catcher_ = nullptr;
  Comparison* comparison_ = nullptr;  // that takes it instead; null: none
  std::vector<Cycle::Pull>* pulls_ = nullptr;
  std::size_t noted_as_ = 0;
};

}  // namespace attnsim::replay::time
