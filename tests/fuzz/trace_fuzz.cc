// Whole trace files: what can be read is counted, executed where it is small, and written as text.
#include <memory>

#include "sim/replay/counts.h"
#include "sim/replay/numbers.h"
#include "sim/trace/file/text_form.h"
#include "sim/trace/file/trace_accesses.h"
#include "sim/trace/trace_error.h"
#include "tests/fuzz/fuzz.h"

namespace attnsim {
namespace {

constexpr std::uint64_t kMostTasks = 2000;
constexpr std::int64_t kMostElements = 1 << 16;

MachineSpec machine() {
  MachineSpec m;
  m.memories = {{.name = "sram", .per_core = true, .parent = "hbm", .capacity = Capacity{4096}},
                {.name = "hbm", .kind = MemoryKind::dram}};
  m.roles.fill("sram");
  return m;
}

void feed(const trace_file::TraceReader& trace, replay::TaskSink& sink, const Kernel& kernel) {
  for (std::uint64_t task = 0; task < trace.header().tasks(); ++task) {
    sink.begin_task(kernel, 0);
    trace_file::TaskCursor cursor(trace, task);
    for (auto ops = cursor.next(); !ops.empty(); ops = cursor.next()) sink.consume(ops);
    sink.end_task();
  }
}

bool is_small(const trace_file::TraceReader& trace) {
  for (const TensorDecl& t : trace.header().tensors) {
    if (t.planes * t.rows > kMostElements / t.cols) return false;
  }
  for (std::size_t n = 0; n < trace.blocks().size(); ++n) {
    for (const TileOp& op : trace.block(n)->ops) {
      if (std::int64_t{op.m} * op.n > kMostElements || op.k > kMostElements) return false;
    }
  }
  return true;
}

void read(const std::string& bytes) {
  const trace_file::TraceReader trace(std::make_unique<std::istringstream>(bytes), "x.trace");
  if (trace.header().tasks() > kMostTasks) return;
  Program program;
  for (const TensorDecl& t : trace.header().tensors) program.add(t);
  const Kernel kernel;
  const MachineSpec spec = machine();
  const Workload workload;
  const Target target(spec, workload);
  try {
    replay::Counter counter(program, spec, target);
    feed(trace, counter, kernel);
    counter.io(16);
    counter.footprint(16);
    if (is_small(trace)) {
      replay::TensorValues values(program);
      values.fill_inputs(program, 1, replay::Arithmetic::rounded);
      replay::Executor executor(program, values, replay::Arithmetic::rounded);
      feed(trace, executor, kernel);
    }
  } catch (const TraceError&) {  // a legal file of an illegal trace
  }
  std::stringstream text;
  trace_file::write_text(trace, text);
  trace_file::TextReader back(text, "x.txt");
  std::ostringstream again;
  trace_file::write_binary(back, again);
}

}  // namespace
}  // namespace attnsim

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return attnsim::fuzz::expect_result_or_refusal(
      [&] { attnsim::read(attnsim::fuzz::text_of(data, size)); });
}
