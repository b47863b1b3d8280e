#include "sim/trace/file/trace_accesses.h"

#include "sim/core/error.h"
#include "sim/trace/memory_use.h"
#include "sim/trace/op_table.h"

namespace attnsim::trace_file {

bool append_accesses(const TensorLayout& layout, const TileOp& op, std::vector<AddressEvent>& out) {
  if (op_row(op.op).kind != OpClass::traffic || op.op == Op::move) return true;
  if (!layout.contains(op.tensor, op.row, op.col, op.m, op.n)) return false;
  for_each_use(op, [&](const MemoryUse& use) {
    layout.for_each_rect(op.tensor, op.row, op.col, op.m, op.n, [&](const ByteRect& rect) {
      for (std::uint64_t row = 0; row < rect.rows; ++row) {
        out.push_back({.address = rect.address + row * rect.pitch,
                       .bytes = rect.row_bytes,
                       .write = use.write});
      }
    });
  });
  return true;
}

void write_accesses(const TraceReader& trace, const TensorLayout& layout, AddressWriter& out) {
  std::vector<AddressEvent> events;
  for (std::uint64_t task = 0; task < trace.header().tasks(); ++task) {
    TaskCursor cursor(trace, task);
    for (auto ops = cursor.next(); !ops.empty(); ops = cursor.next()) {
      for (const TileOp& op : ops) {
        events.clear();
        if (!append_accesses(layout, op, events)) {
          throw UserError(trace.name() + ": task " + std::to_string(task) + ": '" +
                          std::string(op_row(op.op).name) + "' lies outside tensor '" +
                          trace.header().tensors[op.tensor].name + "'");
        }
        for (const AddressEvent& event : events) out.add(event);
      }
    }
  }
}

}  // namespace attnsim::trace_file
