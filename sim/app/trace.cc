// attnsim trace: trace files are written, read, described and converted.
#include <array>
#include <bit>
#include <cstdio>

#include "sim/app/address_file.h"
#include "sim/app/hash.h"
#include "sim/app/output.h"
#include "sim/app/recorded_run.h"
#include "sim/app/selection.h"
#include "sim/app/stream_file.h"
#include "sim/app/trace_convert.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/core/spelling.h"
#include "sim/replay/record.h"
#include "sim/report/format.h"
#include "sim/report/trace_info.h"
#include "sim/trace/file/address_writer.h"
#include "sim/trace/file/names.h"
#include "sim/trace/file/trace_reader.h"
#include "sim/trace/file/trace_writer.h"
#include "sim/trace/trace_error.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "  attnsim trace record [RUN.yaml] --output FILE.trace   the trace of a run, selected as in\n"
    "                                                        'attnsim run'\n"
    "  attnsim trace replay FILE.trace                       the result of that run, from the "
    "file\n"
    "  attnsim trace replay FILE.din --cache SPEC            an address file through caches\n"
    "  attnsim trace info FILE.trace                         what the file holds\n"
    "  attnsim trace convert IN OUT                          by the endings of the names:\n";

/// The words after the action.
std::vector<std::string> rest(const Invocation& invocation, std::size_t least, std::size_t most,
                              std::string_view usage) {
  const std::vector<std::string>& all = invocation.arguments.operands();
  const std::size_t given = all.size() - 1;
  if (given < least || given > most) throw UserError("usage: attnsim trace " + std::string(usage));
  return {all.begin() + 1, all.end()};
}

/// Options that belong to other actions are a mistake, not ignored.
void refuse(const Invocation& invocation, std::initializer_list<std::string_view> options) {
  for (const std::string_view option : options) {
    if (invocation.arguments.has(option)) {
      throw UserError("option '--" + std::string(option) + "' is not one of 'attnsim trace " +
                      invocation.arguments.operands()[0] + "'");
    }
  }
}

Exit record(const Invocation& invocation) {
  refuse(invocation, {"format", "line", "cache"});
  const std::vector<std::string> files =
      rest(invocation, 0, 1, "record [RUN.yaml] --output FILE.trace");
  const std::optional<std::string> path = invocation.arguments.value("output");
  if (!path) throw UserError("'attnsim trace record' needs --output FILE.trace");
  const RunSpec run = selected_run(invocation.arguments, files);
  const replay::PlannedRun planned(run);
  StreamFile file(*path);
  const trace_file::TraceHeader header =
      replay::trace_header(planned, config::echo(run), std::string(report::tool_version()));
  const replay::Recorded recorded = replay::record(planned, header, file.stream());
  file.commit();
  if (!invocation.arguments.has("quiet")) {
    std::fprintf(stderr, "%s: %s operations, %s\n", path->c_str(),
                 report::thousands(recorded.ops).c_str(),
                 report::human_bytes(Bytes(recorded.bytes)).c_str());
  }
  return Exit::done;
}

Exit replay_file(const Invocation& invocation) {
  refuse(invocation, {"algorithm", "hardware", "workload", "set", "line"});
  const Output output(invocation.arguments);
  const std::string file = rest(invocation, 1, 1, "replay FILE.trace|FILE.din")[0];
  if (const auto format = read_address_format(file)) {
    output.write_value(replay_addresses(file, *format, invocation.arguments));
    return Exit::done;
  }
  if (invocation.arguments.has("cache")) {
    throw UserError("option '--cache' is for address files (.din, .csv, .lackey), got '" + file +
                    "'");
  }
  const RecordedRun run = recorded_run(file);
  try {
    Result result = replay::replay(run.replay);
    result.run = run.recorded;
    result.provenance.command = invocation.command;
    result.provenance.config_hash = xxh64_hex(config::echo(run.recorded));
    output.write_value(result);
  } catch (const TraceError& error) {
    throw UserError(file + ": illegal trace: " + error.what());
  }
  return Exit::done;
}

TraceInfo info_of(const trace_file::TraceReader& trace) {
  const trace_file::TraceHeader& header = trace.header();
  TraceInfo info{.file = trace.name(),
                 .format_version = trace_file::kFormatVersion,
                 .tool = header.tool,
                 .algorithm = header.algorithm,
                 .function = header.function,
                 .pass = header.pass,
                 .seed = header.seed,
                 .tile_rule = std::string(name(header.tile_rule)),
                 .tiles = header.tiles,
                 .operations = trace.ops(),
                 .tasks = header.tasks(),
                 .blocks = trace.blocks().size(),
                 .file_bytes = trace.file_bytes(),
                 .run = header.run};
  for (const TensorDecl& t : header.tensors) {
    info.tensors.push_back(
        {t.name, std::string(trace_file::name(t.role)), t.dtype, t.planes, t.rows, t.cols});
  }
  for (const trace_file::RecordedKernel& kernel : header.kernels) {
    TraceKernelInfo row{.name = kernel.name, .tasks = kernel.tasks()};
    for (const GridDim& dim : kernel.grid) row.grid.emplace_back(dim.name, dim.extent);
    info.kernels.push_back(std::move(row));
  }
  return info;
}

Exit show_info(const Invocation& invocation) {
  refuse(invocation, {"algorithm", "hardware", "workload", "set", "line", "cache"});
  const Output output(invocation.arguments);
  const auto trace = trace_file::TraceReader::open(rest(invocation, 1, 1, "info FILE.trace")[0]);
  output.write_value(info_of(*trace));
  return Exit::done;
}

Exit convert(const Invocation& invocation) {
  refuse(invocation, {"algorithm", "hardware", "workload", "set", "format", "output", "cache"});
  const std::vector<std::string> files = rest(invocation, 2, 2, "convert IN OUT");
  const std::uint64_t line =
      whole_number(invocation.arguments, "line", 1).value_or(trace_file::kDefaultLine);
  if (!std::has_single_bit(line)) throw UserError("option '--line' needs a power of two");
  convert_trace(files[0], files[1], line);
  return Exit::done;
}

struct Action {
  std::string_view name;
  Exit (*run)(const Invocation&);
};

constexpr std::array kActions = {Action{"record", record}, Action{"replay", replay_file},
                                 Action{"info", show_info}, Action{"convert", convert}};

Exit run(const Invocation& invocation) {
  const std::string& given = invocation.arguments.operands()[0];
  std::vector<std::string> names;
  for (const Action& action : kActions) {
    if (action.name == given) return action.run(invocation);
    names.emplace_back(action.name);
  }
  throw UserError("'attnsim trace' has no action '" + given + "'" + suggestion(given, names));
}

}  // namespace

Verb trace_verb() {
  std::vector<Option> options = selection_options();
  options.push_back({.name = "line",
                     .value = "BYTES",
                     .doc = "convert: accesses are cut into lines of this size; default 64"});
  options.push_back({.name = "cache",
                     .value = "SPEC",
                     .doc = "replay: a cache, from the core outwards",
                     .repeats = true});
  return {.name = "trace",
          .summary = "record traces in files; replay, describe and convert them",
          .details = std::string(kDetails) + conversions_help() +
                     "\nA cache is key=value,...: --cache "
                     "'capacity=1 MiB,line=64 B,ways=16,policy=lru'\n" +
                     config::cache_reference() +
                     "\nThe formats are described in traces/README.md.\n",
          .operands = {.name = "COMMAND", .least = 1, .most = kAnyNumber},
          .options = with_output(std::move(options)),
          .run = run};
}

}  // namespace attnsim::app
