#include "sim/trace/file/address_layout.h"

#include "sim/core/error.h"
#include "sim/trace/op_table.h"

namespace attnsim::trace_file {
namespace {

std::uint64_t element_bytes(const TensorDecl& t) {
  return static_cast<std::uint64_t>(bits(t.dtype)) / 8;
}

std::uint64_t tensor_bytes(const TensorDecl& t) {
  return static_cast<std::uint64_t>(t.planes * t.rows * t.cols) * element_bytes(t);
}

/// The row of memory that a row of the (packed) tensor is.
std::int64_t memory_row(const TensorDecl& t, std::int64_t row) {
  const std::int64_t plane = row / t.rows;
  const std::int64_t packed = row % t.rows;
  const std::int64_t memory_plane = plane * t.interleave + packed % t.interleave;
  return memory_plane * (t.rows / t.interleave) + packed / t.interleave;
}

}  // namespace

AddressLayout::AddressLayout(const std::vector<TensorDecl>& tensors) : tensors_(tensors) {
  constexpr std::uint64_t kEnd = std::uint64_t{1} << 63;
  std::uint64_t next = kFirst;
  for (const TensorDecl& t : tensors) {
    if (tensor_bytes(t) > kEnd - kAlignment - next) {
      throw UserError("tensor '" + t.name + "' of " + std::to_string(tensor_bytes(t)) +
                      " bytes at address " + std::to_string(next) + " ends above 2^63");
    }
    bases_.push_back(next);
    next = (next + tensor_bytes(t) + kAlignment - 1) / kAlignment * kAlignment;
  }
}

bool AddressLayout::accesses(const TileOp& op, std::vector<AddressEvent>& out) const {
  if (op_row(op.op).kind != OpClass::traffic || op.op == Op::move) return true;
  const TensorDecl& t = tensors_[op.tensor];
  if (op.row < 0 || op.row + op.m > t.planes * t.rows || op.col < 0 || op.col + op.n > t.cols) {
    return false;
  }
  if (op.op == Op::accumulate && (op.flags & kAtMemory) == 0) append(op, false, out);
  append(op, op.op == Op::store || op.op == Op::store_fill || op.op == Op::accumulate, out);
  return true;
}

void AddressLayout::append(const TileOp& op, bool write, std::vector<AddressEvent>& out) const {
  const TensorDecl& t = tensors_[op.tensor];
  const auto bytes = static_cast<std::uint64_t>(op.n) * element_bytes(t);
  const std::size_t first = out.size();
  for (std::int64_t r = 0; r < op.m; ++r) {
    const std::int64_t element = memory_row(t, op.row + r) * t.cols + op.col;
    const std::uint64_t address =
        bases_[op.tensor] + static_cast<std::uint64_t>(element) * element_bytes(t);
    if (out.size() > first && out.back().address + out.back().bytes == address) {
      out.back().bytes += bytes;
    } else {
      out.push_back({.address = address, .bytes = bytes, .write = write});
    }
  }
}

void write_accesses(const TraceReader& trace, AddressWriter& out) {
  const AddressLayout layout(trace.header().tensors);
  std::vector<AddressEvent> events;
  for (std::uint64_t task = 0; task < trace.header().tasks(); ++task) {
    TaskCursor cursor(trace, task);
    for (auto ops = cursor.next(); !ops.empty(); ops = cursor.next()) {
      for (const TileOp& op : ops) {
        events.clear();
        if (!layout.accesses(op, events)) {
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
