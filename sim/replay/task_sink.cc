#include "sim/replay/task_sink.h"

#include "sim/trace/trace_error.h"

namespace attnsim::replay {

void run_kernel(const Kernel& kernel, TaskSink& sink) {
  Emitter emitter(sink);
  const std::int64_t tasks = kernel.tasks();
  for (std::int64_t n = 0; n < tasks; ++n) {
    sink.begin_task(kernel, n);
    try {
      {
        Task task = kernel.start(emitter, kernel.task(n));
        task.run();
      }  // the frame's tiles drop here
      emitter.flush();
      sink.end_task();
    } catch (const TraceError& error) {
      throw TraceError(kernel.describe(n) + ": " + error.what());
    }
  }
}

void run_program(const Program& program, TaskSink& sink) {
  for (const Kernel& kernel : program.kernels()) run_kernel(kernel, sink);
}

}  // namespace attnsim::replay
