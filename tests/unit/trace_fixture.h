// Small traces to read, damage and compare.
#pragma once

#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/replay/record.h"
#include "sim/replay/verify.h"
#include "sim/trace/file/text_form.h"
#include "sim/trace/file/trace_reader.h"
#include "sim/trace/file/trace_writer.h"

namespace attnsim::trace_file {

/// What a reader says about a file: the UserError's text, or "" when there was none.
template <typename Step>
std::string message_of(const Step& step) {
  try {
    step();
  } catch (const UserError& error) {
    return error.what();
  }
  return {};
}

inline std::unique_ptr<TraceReader> reader_of(const std::string& bytes) {
  return std::make_unique<TraceReader>(std::make_unique<std::istringstream>(bytes), "x.trace");
}

/// Every record of every task.
inline std::vector<std::vector<TileOp>> tasks_of(const TraceReader& trace) {
  std::vector<std::vector<TileOp>> tasks(trace.header().tasks());
  for (std::size_t n = 0; n < tasks.size(); ++n) {
    TaskCursor cursor(trace, n);
    for (auto ops = cursor.next(); !ops.empty(); ops = cursor.next()) {
      tasks[n].insert(tasks[n].end(), ops.begin(), ops.end());
    }
  }
  return tasks;
}

/// Reads all of a file.
inline std::string message_of_reading(const std::string& bytes) {
  return message_of([&] { tasks_of(*reader_of(bytes)); });
}

inline std::string recorded(const RunSpec& run) {
  const replay::PlannedRun planned(run);
  std::ostringstream out;
  replay::record(planned, replay::trace_header(planned, config::echo(run), "0.0.0"), out);
  return out.str();
}

inline std::string text_of(const TraceReader& trace) {
  std::ostringstream out;
  write_text(trace, out);
  return out.str();
}

inline std::string binary_of(const std::string& text) {
  std::istringstream in(text);
  TextReader reader(in, "x.txt");
  std::ostringstream out;
  write_binary(reader, out);
  return out.str();
}

/// One tensor of 8 x 4, `tasks` tasks that load it whole.
inline TraceHeader tiny_header(std::int64_t tasks) {
  TraceHeader header;
  header.tool = "0.0.0";
  header.run = "seed: 1\n";
  header.algorithm = header.function = "a";
  header.pass = "forward";
  header.tensors = {{"T", TensorRole::workspace, DType::f16, 1, 8, 4}};
  header.kernels = {{"k", 0, {{"i", tasks}}}};
  return header;
}

inline TileOp tiny_load(std::int64_t row) {
  TileOp op;
  op.op = Op::load;
  op.flags = kCreates;
  op.t[0] = 0;
  op.m = 1;
  op.n = 4;
  op.row = row;
  return op;
}

}  // namespace attnsim::trace_file
