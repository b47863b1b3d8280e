// Iterations of declared loops that repeat, counted once.
//
// At the head of an iteration the state of a count is the live slots: what is in them, not where in
// memory it came from. When three periods of up to kMostPeriod iterations in a row had records that
// are equal but for a constant step in rows and columns, and the state is the same after each, the
// remaining iterations of the run are copies, because a body is an affine function of the loop's
// index (sim/trace/index.h) and carries nothing but tiles. They are left out and their counts
// added; the run's last iteration, which may be clipped, is always emitted.
//
// Nested loops: what an inner loop left out is part of the outer iteration's records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/replay/counts.h"
#include "sim/trace/sink.h"

namespace attnsim::replay {

/// Stands between an emitter and a counter, as the emitter's sink and skipper.
class LoopRepetition final : public Sink, public LoopSkipper {
 public:
  static constexpr std::size_t kMostPeriod = 4;

  /// The counter outlives it.
  explicit LoopRepetition(Counter& counter) : counter_(counter) {}

  void consume(std::span<const TileOp> ops) override;
  void begin_loop() override;
  bool watches(const LoopHead& head) override;
  std::int64_t skip(const LoopHead& head) override;
  void end_loop() noexcept override;

 private:
  /// The state at the head of an iteration, and where its records start.
  struct Mark {
    std::size_t at;
    SlotTable::Live live;
    Totals totals;
  };
  struct Frame {
    bool watched = false;
    std::vector<Mark> marks{};  // since the run began
  };

  void watch(Frame& frame);
  void unwatch(Frame& frame) noexcept;
  bool recurs(const std::vector<Mark>& marks, std::size_t period) const;
  bool equal_records(std::size_t a, std::size_t b, std::size_t c, std::size_t count) const;

  Counter& counter_;
  std::vector<Frame> frames_;    // of the loops that have begun and not ended
  std::size_t watched_ = 0;      // frames
  std::vector<TileOp> history_;  // records, while any frame is watched
};

}  // namespace attnsim::replay
