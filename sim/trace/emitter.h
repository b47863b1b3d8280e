// The writing end of a trace: slots, records, and the batch on its way to a sink.
//
// Algorithms do not call an Emitter directly: they use an Agent (agent.h), whose tile handles give
// slots back when they go out of scope.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <string>

#include "sim/trace/sink.h"
#include "sim/trace/tile_op.h"

namespace attnsim {

class Agent;

class Emitter {
 public:
  /// Where records wait for a flush.
  struct Batch {
    // A flush happens at kFull; the slack takes the drops of a scope that ends in between.
    static constexpr std::size_t kFull = 256;
    static constexpr std::size_t kSize = kFull + std::size_t{2} * kMaxSlots;
    std::array<TileOp, kSize> records;
  };

  /// In `pull` mode a task suspends at every iteration of its loops, so that a driver can
  /// interleave many tasks; otherwise it runs to completion in one go.
  enum class Mode : std::uint8_t { run_to_completion, pull };

  /// The sink and the skipper outlive the emitter. Without a skipper nothing is left out.
  explicit Emitter(Sink& sink, Mode mode = Mode::run_to_completion, LoopSkipper* skipper = nullptr)
      : sink_(sink),
        skipper_(skipper),
        mode_(mode),
        own_(std::make_unique<Batch>()),
        batch_(own_.get()) {}
  /// With a batch that outlives it and that it shares: only one emitter may have records in it at a
  /// time, so it flushes before another one is used.
  Emitter(Sink& sink, Mode mode, Batch& shared)
      : sink_(sink), skipper_(nullptr), mode_(mode), batch_(&shared) {}
  Emitter(const Emitter&) = delete;
  Emitter& operator=(const Emitter&) = delete;

  /// One instruction stream of the task.
  Agent agent(int id = 0);

  bool pulled() const { return mode_ == Mode::pull; }

  /// A fresh record at the end of the trace. May flush, so it may throw what the sink throws.
  TileOp& push(Op op, int agent) {
    if (size_ >= Batch::kFull) flush();
    return append(op, agent);
  }

  /// The same without flushing: for destructors, which must not throw.
  TileOp& push_quietly(Op op, int agent) noexcept {
    if (size_ == Batch::kSize) --size_;  // only in an abandoned task, whose trace is void
    return append(op, agent);
  }

  /// The lowest free slot, so that every iteration and every task gets the same ones.
  std::uint32_t take_slot();
  void give_slot(std::uint32_t slot) noexcept { free_ |= std::uint64_t{1} << slot; }

  /// Hands all pending records to the sink.
  void flush();

  void begin_loop() {
    if (skipper_ != nullptr) skipper_->begin_loop();
  }
  /// How many iterations the loop is to leave out here.
  std::int64_t skip(const LoopHead& head) {
    if (skipper_ == nullptr || !skipper_->watches(head)) return 0;
    flush();
    return skipper_->skip(head);
  }
  void end_loop() noexcept {
    if (skipper_ != nullptr) skipper_->end_loop();
  }

 private:
  TileOp& append(Op op, int agent) noexcept {
    TileOp& record = batch_->records[size_++];
    record = TileOp{};
    record.op = op;
    record.agent = static_cast<std::uint8_t>(agent);
    return record;
  }

  Sink& sink_;
  LoopSkipper* skipper_;
  Mode mode_;
  std::uint64_t free_ = ~std::uint64_t{0};
  std::size_t size_ = 0;
  std::unique_ptr<Batch> own_;
  Batch* batch_;
};

}  // namespace attnsim
