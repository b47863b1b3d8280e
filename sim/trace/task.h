// A task: one unit of work on one core, written as a plain loop nest that can be suspended.
#pragma once

#include <coroutine>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/trace/emitter.h"
#include "sim/trace/index.h"

namespace attnsim {

/// The return type of a kernel body. A body is a coroutine only because it awaits Loop::next; it
/// must be a member function of its schedule (which outlives it) and take its parameters by value:
/// a reference parameter would dangle across a suspension.
class Task {
 public:
  struct promise_type {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
    std::suspend_always initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() { throw; }  // leaves through resume()
  };

  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;
  ~Task() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return handle_.done(); }

  /// Runs to the next suspension: the end, or in pull mode the next loop iteration.
  void resume() { handle_.resume(); }

  void run() {
    while (!done()) resume();
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  std::coroutine_handle<promise_type> handle_;
};

/// A declared loop over runs of tile indices:
///
///     Loop loop(em, mask.key_blocks(i, Br, Bc));
///     for (Index j; co_await loop.next(j);) { ... }
///
/// next() is the only suspension point of a body. The loop owns the index: a replay that has
/// checked that iterations of a run recur advances it to the run's last. So a body may decide on
/// kind() and tag() of the current run, never on the index, and what it keeps from one iteration to
/// the next is tiles: a local variable that changes would be stale after such a jump.
class Loop {
 public:
  /// Empty runs are left out.
  Loop(Emitter& emitter, std::vector<Run> runs) : emitter_(emitter), runs_(std::move(runs)) {
    std::erase_if(runs_, [](const Run& run) { return run.begin >= run.end; });
    TileOp& record = emitter_.push(Op::loop_begin, 0);
    for (const Run& run : runs_) record.row += run.size();
    record.k = static_cast<std::int32_t>(runs_.size());
    emitter_.begin_loop();
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    emitter_.push_quietly(Op::loop_end, 0);
    emitter_.end_loop();
  }

  class Step {
   public:
    Step(Loop& loop, Index& index) : loop_(loop), index_(index) {}
    bool await_ready() const noexcept { return !loop_.emitter_.pulled() || loop_.at_end(); }
    void await_suspend(std::coroutine_handle<>) const noexcept {}
    bool await_resume() const { return loop_.advance(index_); }

   private:
    Loop& loop_;
    Index& index_;
  };

  /// Awaits the next iteration; false at the end.
  Step next(Index& index) { return {*this, index}; }

  TileKind kind() const { return runs_[run_].kind; }
  std::uint8_t tag() const { return runs_[run_].tag; }

  /// How many iterations came before this one: where its tile stands in a list of the loop's tiles.
  Index ordinal() const {
    std::int64_t before = step_ - 1;
    for (std::size_t r = 0; r < run_; ++r) before += runs_[r].size();
    return {before, &seen_};
  }

 private:
  bool at_end() const {
    return runs_.empty() || (run_ + 1 == runs_.size() && step_ == runs_[run_].size());
  }

  bool advance(Index& index) {
    if (at_end()) return false;
    if (step_ == runs_[run_].size()) {
      ++run_;
      step_ = 0;
    }
    const Run& run = runs_[run_];
    step_ += emitter_.skip({run.size() - step_, step_ == 0, seen_});
    index = Index(run.at(step_++), &seen_);
    index.depend_on(run.coordinate);
    TileOp& record = emitter_.push(Op::loop_next, 0);
    record.row = index.raw_;
    record.col = static_cast<std::int32_t>(run.kind);
    return true;
  }

  Emitter& emitter_;
  mutable Observation seen_;
  std::vector<Run> runs_;
  std::size_t run_ = 0;
  std::int64_t step_ = 0;  // of the run
};

}  // namespace attnsim
