// The lines of a run.
#include "sim/machine/line_span.h"
#include "sim/replay/interleave.h"
#include "sim/replay/line_source.h"
#include "sim/trace/memory_use.h"

namespace attnsim::replay {
namespace {

class LineCutter final : public TrafficListener {
 public:
  LineCutter(const PlannedRun& planned, std::uint64_t line_bytes,
             const LineSource::Receiver& receive)
      : layout_(planned.schedule().program().tensors(), planned.target()),
        line_bytes_(line_bytes),
        receive_(receive) {}

  std::uint64_t traffic(const TileOp& op, std::size_t) override {
    std::uint64_t bytes = 0;
    layout_.for_each_rect(op.tensor, op.row, op.col, op.m, op.n, [&](const ByteRect& rect) {
      for_each_use(op, [&](const MemoryUse& use) { bytes += cut(rect, use); });
    });
    return bytes;
  }

 private:
  std::uint64_t cut(const ByteRect& rect, const MemoryUse& use) const {
    for (std::uint64_t row = 0; row < rect.rows; ++row) {
      const std::uint64_t address = rect.address + row * rect.pitch;
      const machine::LineSpan span = machine::span_of(address, rect.row_bytes, line_bytes_);
      receive_({.lines = span.lines,
                .write = use.write,
                .covers_lines = span.covered && !use.needs_old});
    }
    return rect.rows * rect.row_bytes;
  }

  TensorLayout layout_;
  std::uint64_t line_bytes_;
  const LineSource::Receiver& receive_;
};

}  // namespace

void RunLines::replay(const Receiver& receive, Progress* progress) const {
  LineCutter cutter(planned_, line_bytes_, receive);
  const std::int64_t width =
      tasks_in_flight(planned_.schedule(), planned_.run().machine, planned_.target());
  for (const Kernel& kernel : planned_.schedule().program().kernels()) {
    run_interleaved(kernel, width, cutter, progress);
  }
}

}  // namespace attnsim::replay
