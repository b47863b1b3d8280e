#include "sim/app/trace_convert.h"

#include "sim/app/recorded_run.h"
#include "sim/app/stream_file.h"
#include "sim/core/error.h"
#include "sim/trace/file/input_file.h"
#include "sim/trace/file/text_form.h"
#include "sim/trace/file/trace_accesses.h"

namespace attnsim::app {
namespace {

using namespace trace_file;

bool is_text(const std::string& file) { return file.ends_with(".txt"); }

[[noreturn]] void no_way(const std::string& from, const std::string& to) {
  throw UserError("there is no conversion from '" + from + "' to '" + to + "'\n" +
                  conversions_help());
}

/// Elements take what they took on the machine of the recorded run.
TensorLayout layout_of(const TraceReader& trace) {
  if (trace.header().run.empty()) return TensorLayout(trace.header().tensors);
  const RunSpec run = recorded_run(trace.name()).recorded;
  return TensorLayout(trace.header().tensors, Target(run.machine, run.workload));
}

void from_trace(const std::string& from, const std::string& to, std::uint64_t line) {
  const auto format = address_format_of(to);
  if (!is_text(to) && (!format || format == AddressFormat::lackey)) no_way(from, to);
  const auto trace = TraceReader::open(from);
  StreamFile out(to);
  if (format) {
    AddressWriter writer(out.stream(), *format, line);
    write_accesses(*trace, layout_of(*trace), writer);
  } else {
    write_text(*trace, out.stream());
  }
  out.commit();
}

void from_text(const std::string& from, const std::string& to) {
  if (!is_trace_file(to)) no_way(from, to);
  std::ifstream in = open_input(from);
  TextReader text(in, from);
  StreamFile out(to);
  write_binary(text, out.stream());
  out.commit();
}

void from_addresses(const std::string& from, AddressFormat read, const std::string& to,
                    std::uint64_t line) {
  const auto format = address_format_of(to);
  if (!format || format == AddressFormat::lackey) no_way(from, to);
  std::ifstream in = open_input(from);
  AddressReader reader(in, from, read);
  StreamFile out(to);
  AddressWriter writer(out.stream(), *format, line);
  for (AddressEvent event; reader.next(event);) writer.add(event);
  out.commit();
}

}  // namespace

void convert_trace(const std::string& from, const std::string& to, std::uint64_t line) {
  const auto addresses = address_format_of(from);
  if (is_trace_file(from)) {
    from_trace(from, to, line);
  } else if (is_text(from)) {
    from_text(from, to);
  } else if (addresses && is_read(*addresses)) {
    from_addresses(from, *addresses, to, line);
  } else {
    no_way(from, to);
  }
}

std::string conversions_help() {
  return "  .trace                -> .txt .din .csv .ramulator .dramsim3\n"
         "  .txt                  -> .trace\n"
         "  .din, .csv, .lackey   -> .din .csv .ramulator .dramsim3\n";
}

}  // namespace attnsim::app
