#include <array>
#include <bit>
#include <charconv>

#include "sim/trace/file/names.h"
#include "sim/trace/file/text_form.h"
#include "sim/trace/file/text_words.h"
#include "sim/trace/op_table.h"

namespace attnsim::trace_file {
namespace {

template <typename Number>
void put(std::string& out, std::string_view key, Number value) {
  std::array<char, 40> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  out += ' ';
  out += key;
  out += '=';
  out.append(digits.data(), end);
}

void put_name(std::string& out, std::string_view key, std::string_view value) {
  out += ' ';
  out += key;
  out += '=';
  out += value;
}

void write_tensors(std::ostream& out, const std::vector<TensorDecl>& tensors) {
  for (const TensorDecl& t : tensors) {
    out << "tensor " << quoted(t.name) << " role=" << name(t.role) << " dtype=" << name(t.dtype)
        << " planes=" << t.planes << " rows=" << t.rows << " cols=" << t.cols
        << " interleave=" << t.interleave << " device=" << int{t.device} << '\n';
  }
}

void write_header(std::ostream& out, const TraceHeader& h) {
  out << kTextMark << ' ' << kTextVersion << "\ntool " << quoted(h.tool) << "\nalgorithm "
      << quoted(h.algorithm) << "\nfunction " << quoted(h.function) << "\npass " << quoted(h.pass)
      << "\nseed " << h.seed << '\n';
  for (std::size_t at = 0; at < h.run.size();) {
    const std::size_t end = h.run.find('\n', at);
    out << "| " << std::string_view(h.run).substr(at, end - at) << '\n';
    at = end + 1;
  }
  write_tensors(out, h.tensors);
  for (const RecordedKernel& kernel : h.kernels) {
    out << "kernel " << quoted(kernel.name) << " device=" << int{kernel.device};
    for (const GridDim& dim : kernel.grid) out << ' ' << quoted(dim.name) << '=' << dim.extent;
    out << '\n';
  }
  out << "tiles rule=" << name(h.tile_rule) << " granularity=" << h.tile_granularity;
  for (const auto& [tile, size] : h.tiles) out << ' ' << quoted(tile) << '=' << size;
  out << '\n';
  for (const RecordedTerm& term : h.closed_form) {
    out << "term " << quoted(term.tensor) << " dtype=" << name(term.dtype) << " read=" << term.read
        << " written=" << term.written << '\n';
  }
  for (const TileShape& shape : h.resident) {
    out << "resident role=" << name(shape.role) << " dtype=" << name(shape.dtype)
        << " rows=" << shape.rows << " cols=" << shape.cols << '\n';
  }
}

}  // namespace

std::string record_text(const TileOp& op) {
  const TileOp plain;
  std::string out(op_row(op.op).name);
  for (std::size_t i = 0; i < flag_names().size(); ++i) {
    if (((op.flags >> i) & 1) != 0) out += ' ' + std::string(flag_names()[i]);
  }
  if (op.agent != plain.agent) put(out, "agent", int{op.agent});
  constexpr std::array<std::string_view, 4> kSlots = {"t0", "t1", "t2", "t3"};
  for (std::size_t i = 0; i < kSlots.size(); ++i) {
    if (op.t[i] != kNoSlot) put(out, kSlots[i], op.t[i]);
  }
  if (op.dtype != plain.dtype) put_name(out, "dtype", name(op.dtype));
  if (op.role != plain.role) put_name(out, "role", name(op.role));
  if (op.operand_dtype != plain.operand_dtype) {
    put_name(out, "operand_dtype", name(op.operand_dtype));
  }
  if (op.tensor != plain.tensor) put(out, "tensor", op.tensor);
  if (op.row != 0) put(out, "row", op.row);
  if (op.col != 0) put(out, "col", op.col);
  if (op.m != 0) put(out, "m", op.m);
  if (op.n != 0) put(out, "n", op.n);
  if (op.k != 0) put(out, "k", op.k);
  if (op.lo != 0) put(out, "lo", op.lo);
  if (op.hi != 0) put(out, "hi", op.hi);
  if (std::bit_cast<std::uint64_t>(op.value) != 0) put(out, "value", op.value);
  return out;
}

void write_text(const TraceReader& trace, std::ostream& out) {
  write_header(out, trace.header());
  const std::uint64_t tasks = trace.header().tasks();
  for (std::uint64_t task = 0; task < tasks; ++task) {
    out << "task " << task << '\n';
    TaskCursor cursor(trace, task);
    for (auto ops = cursor.next(); !ops.empty(); ops = cursor.next()) {
      for (const TileOp& op : ops) out << record_text(op) << '\n';
    }
  }
  out << "end\n";
}

}  // namespace attnsim::trace_file
