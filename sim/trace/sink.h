// Who receives a trace: a reading of it (counts, numbers, time) or a recorder.
#pragma once

#include <cstdint>
#include <span>

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

}  // namespace attnsim
