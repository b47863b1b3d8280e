// Who receives a trace: a reading of it (counts, numbers, time) or a recorder.
#pragma once

#include <cstdint>
#include <span>

#include "sim/trace/index.h"
#include "sim/trace/tile_op.h"

namespace attnsim {

/// Call protocol, per task: the driver announces the task to the concrete sink, then consume() gets
/// its records in emission order, in batches; the span is valid during the call only. A sink may
/// throw TraceError; the task is then abandoned.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void consume(std::span<const TileOp> ops) = 0;
};

/// The head of an iteration of a declared loop.
struct LoopHead {
  std::int64_t left;        // iterations of the run that are to come, this one included
  bool run_begins;          // this is the run's first
  const Observation& seen;  // what the body has done with the loop's index
};

/// Leaves out iterations that would repeat what a reading has seen. Loops announce themselves and
/// the heads of their iterations; those of nested loops lie inside.
class LoopSkipper {
 public:
  virtual ~LoopSkipper() = default;
  virtual void begin_loop() = 0;
  /// Whether skip() is to be asked here.
  virtual bool watches(const LoopHead& head) = 0;
  /// How many iterations to leave out, fewer than head.left. The sink has all records before the
  /// head.
  virtual std::int64_t skip(const LoopHead& head) = 0;
  virtual void end_loop() noexcept = 0;
};

}  // namespace attnsim
