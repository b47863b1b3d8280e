#include "sim/replay/record.h"

#include "sim/replay/task_sink.h"
#include "sim/trace/file/trace_writer.h"

namespace attnsim::replay {
namespace {

class Recorder final : public TaskSink {
 public:
  explicit Recorder(trace_file::TraceWriter& writer) : writer_(writer) {}
  void begin_task(const Kernel&, std::int64_t) override {}
  void consume(std::span<const TileOp> ops) override { writer_.add(ops); }
  void end_task() override { writer_.end_task(); }

 private:
  trace_file::TraceWriter& writer_;
};

}  // namespace

trace_file::TraceHeader trace_header(const PlannedRun& planned, const std::string& run,
                                     const std::string& tool) {
  const Schedule& schedule = planned.schedule();
  trace_file::TraceHeader header;
  header.tool = tool;
  header.run = run;
  header.algorithm = planned.run().algorithm.name;
  header.function = planned.algorithm().info.function;
  header.pass = name(planned.run().workload.pass);
  header.seed = planned.run().seed;
  header.tensors = schedule.program().tensors();
  for (const Kernel& kernel : schedule.program().kernels()) {
    header.kernels.push_back({kernel.name, kernel.device, kernel.grid});
  }
  header.tile_rule = schedule.tiles().rule;
  header.tile_granularity = schedule.tiles().granularity;
  header.tiles = schedule.named_tiles();
  for (const ClosedFormTerm& term : schedule.closed_form()) {
    header.closed_form.push_back({std::string(term.tensor), term.dtype, term.read, term.written});
  }
  header.resident = schedule.footprint();
  return header;
}

Recorded record(const PlannedRun& planned, const trace_file::TraceHeader& header,
                std::ostream& out) {
  trace_file::TraceWriter writer(out, header);
  Recorder recorder(writer);
  run_program(planned.schedule().program(), recorder);
  writer.finish();
  return {.ops = writer.ops(), .bytes = writer.bytes()};
}

}  // namespace attnsim::replay
