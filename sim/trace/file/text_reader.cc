#include <algorithm>
#include <array>

#include "sim/trace/file/names.h"
#include "sim/trace/file/record_check.h"
#include "sim/trace/file/text_form.h"
#include "sim/trace/file/text_words.h"
#include "sim/trace/file/trace_writer.h"

namespace attnsim::trace_file {
namespace {

constexpr std::size_t kPieceOps = 4096;

DType dtype_of(const Words& words, std::string_view text) {
  return static_cast<DType>(words.named("dtype", text, dtype_names()));
}
Role role_of(const Words& words, std::string_view text) {
  return static_cast<Role>(words.named("role", text, role_names()));
}

// --- header
// ----------------------------------------------------------------------------------------

TensorDecl tensor_of(Words& words) {
  TensorDecl t;
  t.name = words.text("the tensor's name");
  t.role = static_cast<TensorRole>(
      words.named("tensor role", words.value_of("role"), tensor_role_names()));
  t.dtype = dtype_of(words, words.value_of("dtype"));
  t.planes = words.number_of<std::int64_t>("planes");
  t.rows = words.number_of<std::int64_t>("rows");
  t.cols = words.number_of<std::int64_t>("cols");
  t.interleave = words.number_of<std::int64_t>("interleave");
  t.device = words.number_of<std::uint8_t>("device");
  return t;
}

/// A quoted name with a number.
std::pair<std::string, std::int64_t> named_number(Words& words, std::string_view what) {
  const Word& word = words.take(what);
  if (!word.is_quoted || !word.value) {
    words.fail("expected " + std::string(what) + " as \"name\"=number");
  }
  return {word.key, words.number<std::int64_t>(what, *word.value)};
}

RecordedKernel kernel_of(Words& words) {
  RecordedKernel kernel;
  kernel.name = words.text("the kernel's name");
  kernel.device = words.number_of<std::uint8_t>("device");
  while (!words.empty()) {
    auto [name, extent] = named_number(words, "a grid dimension");
    kernel.grid.push_back({std::move(name), extent});
  }
  return kernel;
}

void read_tiles(Words& words, TraceHeader& h) {
  const std::string& rule = words.value_of("rule");
  const auto known = tile_rule_from_name(rule);
  if (!known) words.fail("unknown rule for tiles " + rule);
  h.tile_rule = *known;
  h.tile_granularity = words.number_of<std::int64_t>("granularity");
  h.tiles.clear();
  while (!words.empty()) h.tiles.push_back(named_number(words, "a tile size"));
}

RecordedTerm term_of(Words& words) {
  RecordedTerm term;
  term.tensor = words.text("the tensor's name");
  term.dtype = dtype_of(words, words.value_of("dtype"));
  term.read = words.number_of<std::uint64_t>("read");
  term.written = words.number_of<std::uint64_t>("written");
  return term;
}

TileShape resident_of(Words& words) {
  TileShape shape;
  shape.role = role_of(words, words.value_of("role"));
  shape.dtype = dtype_of(words, words.value_of("dtype"));
  shape.rows = words.number_of<std::int64_t>("rows");
  shape.cols = words.number_of<std::int64_t>("cols");
  return shape;
}

struct HeaderLine {
  std::string_view key;
  void (*read)(Words&, TraceHeader&);
};

constexpr std::array kHeaderLines = {
    HeaderLine{"tool", [](Words& w, TraceHeader& h) { h.tool = w.text("a version"); }},
    HeaderLine{"algorithm", [](Words& w, TraceHeader& h) { h.algorithm = w.text("an id"); }},
    HeaderLine{"function", [](Words& w, TraceHeader& h) { h.function = w.text("an id"); }},
    HeaderLine{"pass", [](Words& w, TraceHeader& h) { h.pass = w.text("a pass"); }},
    HeaderLine{"seed",
               [](Words& w, TraceHeader& h) { h.seed = w.plain_number<std::uint64_t>("seed"); }},
    HeaderLine{"tensor", [](Words& w, TraceHeader& h) { h.tensors.push_back(tensor_of(w)); }},
    HeaderLine{"kernel", [](Words& w, TraceHeader& h) { h.kernels.push_back(kernel_of(w)); }},
    HeaderLine{"tiles", read_tiles},
    HeaderLine{"term", [](Words& w, TraceHeader& h) { h.closed_form.push_back(term_of(w)); }},
    HeaderLine{"resident", [](Words& w, TraceHeader& h) { h.resident.push_back(resident_of(w)); }},
};

// --- records
// ---------------------------------------------------------------------------------------

struct RecordField {
  std::string_view key;
  void (*read)(const Words&, const std::string&, TileOp&);
};

template <auto kMember>
void read_number(const Words& words, const std::string& text, TileOp& op) {
  op.*kMember = words.number<std::decay_t<decltype(op.*kMember)>>("the value", text);
}
template <std::size_t kAt>
void read_slot(const Words& words, const std::string& text, TileOp& op) {
  op.t[kAt] = words.number<std::uint32_t>("a slot", text);
}

constexpr std::array kFields = {
    RecordField{"agent", read_number<&TileOp::agent>},
    RecordField{"t0", read_slot<0>},
    RecordField{"t1", read_slot<1>},
    RecordField{"t2", read_slot<2>},
    RecordField{"t3", read_slot<3>},
    RecordField{"dtype", [](const Words& w, const std::string& s,
                            TileOp& op) { op.dtype = dtype_of(w, s); }},
    RecordField{"role",
                [](const Words& w, const std::string& s, TileOp& op) { op.role = role_of(w, s); }},
    RecordField{"operand_dtype", [](const Words& w, const std::string& s,
                                    TileOp& op) { op.operand_dtype = dtype_of(w, s); }},
    RecordField{"tensor", read_number<&TileOp::tensor>},
    RecordField{"row", read_number<&TileOp::row>},
    RecordField{"col", read_number<&TileOp::col>},
    RecordField{"m", read_number<&TileOp::m>},
    RecordField{"n", read_number<&TileOp::n>},
    RecordField{"k", read_number<&TileOp::k>},
    RecordField{"lo", read_number<&TileOp::lo>},
    RecordField{"hi", read_number<&TileOp::hi>},
    RecordField{"value", [](const Words& w, const std::string& s,
                            TileOp& op) { op.value = w.real("value", s); }},
};

TileOp record_of(Words& words, const std::string& name, std::size_t tensors) {
  TileOp op;
  op.op = static_cast<Op>(words.named("operation", name, op_names()));
  std::uint32_t given = 0;
  while (!words.empty()) {
    const Word& word = words.take("a field");
    if (!word.value) {
      op.flags |= static_cast<std::uint8_t>(1 << words.named("flag", word.key, flag_names()));
      continue;
    }
    const auto* field = std::ranges::find(kFields, word.key, &RecordField::key);
    if (field == kFields.end()) words.fail("unknown field '" + word.key + "'");
    const std::uint32_t bit = std::uint32_t{1} << (field - kFields.begin());
    if ((given & bit) != 0) words.fail("field '" + word.key + "' is given twice");
    given |= bit;
    field->read(words, *word.value, op);
  }
  const std::string fault = record_fault(op, tensors);
  if (!fault.empty()) words.fail(fault);
  return op;
}

}  // namespace

TextReader::TextReader(std::istream& in, const std::string& name) : lines_(in, name) {
  if (!lines_.next(line_) || line_ != std::string(kTextMark) + ' ' + std::to_string(kTextVersion)) {
    fail_at_line(name, 1,
                 "expected '" + std::string(kTextMark) + ' ' + std::to_string(kTextVersion) + "'");
  }
  while (read_header_line()) {
  }
  const std::string fault = header_fault(header_);
  if (!fault.empty()) lines_.fail(fault);
}

/// False at the first line after the header, which is left in line_.
bool TextReader::read_header_line() {
  if (!lines_.next(line_)) lines_.fail("the file ends within the header: no task, no 'end'");
  if (line_.starts_with("| ")) {
    header_.run += line_.substr(2) + '\n';
    return true;
  }
  const std::string key = line_.substr(0, line_.find(' '));
  if (key == "task" || key == "end") return false;
  const auto* row = std::ranges::find(kHeaderLines, key, &HeaderLine::key);
  if (row == kHeaderLines.end()) {
    lines_.fail("expected a line of the header, 'task' or 'end', got " + shown(key));
  }
  Words words(line_, lines_);
  words.take("a word");
  row->read(words, header_);
  words.expect_end();
  return true;
}

void TextReader::read_task_line(std::uint64_t expected) {
  Words words(line_, lines_);
  words.take("task");
  const auto number = words.plain_number<std::uint64_t>("a task's number");
  words.expect_end();
  if (number != expected || number >= header_.tasks()) {
    lines_.fail("expected " +
                (expected < header_.tasks() ? "task " + std::to_string(expected)
                                            : "'end': the kernels have no further task") +
                ", got task " + std::to_string(number));
  }
}

bool TextReader::next(Piece& piece) {
  piece.ops.clear();
  piece.ends_task = false;
  while (!ended_) {
    const std::string name = line_.substr(0, line_.find(' '));
    if (name == "task" || name == "end") {
      piece.ends_task = tasks_begun_ > 0;
      if (name == "task") {
        read_task_line(tasks_begun_++);
        if (!lines_.next(line_)) lines_.fail("the file ends within a task: no 'end'");
      } else {
        if (line_ != "end" || tasks_begun_ != header_.tasks()) {
          lines_.fail("the trace ends after " + std::to_string(tasks_begun_) +
                      " tasks, the kernels have " + std::to_string(header_.tasks()));
        }
        ended_ = true;
        if (lines_.next(line_)) lines_.fail("expected the end of the file after 'end'");
      }
      if (piece.ends_task) return true;
      continue;
    }
    Words words(line_, lines_);
    if (words.empty()) lines_.fail("expected an operation, got an empty line");
    words.take("an operation");
    piece.ops.push_back(record_of(words, name, header_.tensors.size()));
    if (!lines_.next(line_)) lines_.fail("the file ends within a task: no 'end'");
    if (piece.ops.size() == kPieceOps) return true;
  }
  return false;
}

void write_binary(TextReader& trace, std::ostream& out) {
  TraceWriter writer(out, trace.header());
  TextReader::Piece piece;
  while (trace.next(piece)) {
    writer.add(piece.ops);
    if (piece.ends_task) writer.end_task();
  }
  writer.finish();
}

}  // namespace attnsim::trace_file
