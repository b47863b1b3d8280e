// Driving a program's tasks, one after another, into a reading.
#pragma once

#include <cstdint>

#include "sim/core/progress.h"
#include "sim/trace/program.h"
#include "sim/trace/sink.h"

namespace attnsim::replay {

/// A sink that is told where tasks begin and end.
class TaskSink : public Sink {
 public:
  virtual void begin_task(const Kernel& kernel, std::int64_t task) = 0;
  /// May throw TraceError, like consume.
  virtual void end_task() = 0;
};

/// Runs one task to completion, its records through `emitter` and `sink`, which stands behind it. A
/// TraceError leaves with the task's name in front. `seen` notes what is done with the coordinates.
void run_task(const Kernel& kernel, std::int64_t task, Emitter& emitter, TaskSink& sink,
              GridIndex::Observations* seen = nullptr);

/// Runs every task of every kernel to completion, in issue order. The trace is never held: memory
/// is one batch of records. Progress counts tasks.
void run_program(const Program& program, TaskSink& sink, Progress* progress = nullptr);

/// The same for one kernel.
void run_kernel(const Kernel& kernel, TaskSink& sink);

}  // namespace attnsim::replay
