// The text form of a trace file: the same content, one operation a line, to read, to write by hand
// and to compare with diff. Grammar: traces/README.md.
#pragma once

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "sim/trace/file/line_reader.h"
#include "sim/trace/file/trace_reader.h"

namespace attnsim::trace_file {

/// The first word of the first line; the second is the version.
inline constexpr std::string_view kTextMark = "attnsim-trace-text";
inline constexpr int kTextVersion = 1;

/// Writes all of a trace.
void write_text(const TraceReader& trace, std::ostream& out);

/// One record as a line, without its end.
std::string record_text(const TileOp& op);

/// Reads a trace in text form; memory is one piece of a task. Faults are UserErrors with the line.
class TextReader {
 public:
  /// Reads the header. The stream outlives the reader; `name` stands for it in messages.
  TextReader(std::istream& in, const std::string& name);

  const TraceHeader& header() const { return header_; }

  /// A piece of a task.
  struct Piece {
    std::vector<TileOp> ops;
    bool ends_task = false;
  };
  /// The next piece; false when the trace has ended.
  bool next(Piece& piece);

 private:
  bool read_header_line();
  void read_task_line(std::uint64_t expected);

  LineReader lines_;
  std::string line_;
  TraceHeader header_;
  std::uint64_t tasks_begun_ = 0;
  bool ended_ = false;
};

/// Writes the trace as a binary file.
void write_binary(TextReader& trace, std::ostream& out);

}  // namespace attnsim::trace_file
