#include "sim/replay/task_sink.h"

#include "sim/trace/trace_error.h"

namespace attnsim::replay {

void run_task(const Kernel& kernel, std::int64_t n, Emitter& emitter, TaskSink& sink,
              GridIndex::Observations* seen) {
  sink.begin_task(kernel, n);
  try {
    {
      Task task = kernel.start(emitter, kernel.task(n, seen));
      task.run();
    }  // the frame's tiles drop here
    emitter.flush();
    sink.end_task();
  } catch (const TraceError& error) {
    throw TraceError(kernel.describe(n) + ": " + error.what());
  }
}

void run_kernel(const Kernel& kernel, TaskSink& sink) {
  Emitter emitter(sink);
  for (std::int64_t n = 0; n < kernel.tasks(); ++n) run_task(kernel, n, emitter, sink);
}

void run_program(const Program& program, TaskSink& sink, Progress* progress) {
  const auto total = static_cast<std::uint64_t>(program.tasks());
  std::uint64_t done = 0;
  for (const Kernel& kernel : program.kernels()) {
    Emitter emitter(sink);
    for (std::int64_t n = 0; n < kernel.tasks(); ++n) {
      if (progress != nullptr) progress->step(done, total, kernel.name);
      run_task(kernel, n, emitter, sink);
      ++done;
    }
  }
  if (progress != nullptr) progress->step(total, total, "");
}

}  // namespace attnsim::replay
