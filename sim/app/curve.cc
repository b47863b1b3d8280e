// attnsim curve: I/O against cache capacity.
#include "sim/replay/curve.h"

#include <algorithm>

#include "sim/app/address_file.h"
#include "sim/app/output.h"
#include "sim/app/output_file.h"
#include "sim/app/progress.h"
#include "sim/app/recorded_run.h"
#include "sim/app/regimes.h"
#include "sim/app/selection.h"
#include "sim/app/share.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/replay/count_program.h"
#include "sim/report/curve.h"
#include "sim/report/regimes.h"
#include "sim/report/table.h"
#include "sim/study/best_schedule.h"
#include "sim/study/scratchpad_curve.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/trace_error.h"

namespace attnsim::app {
namespace {

constexpr std::size_t kMostOpt = 64;
constexpr std::uint64_t kDefaultLine = 64;

constexpr std::string_view kDetails =
    "The traffic of the cores, interleaved as in a run with simulated caches, passes one fully\n"
    "associative cache. 'lru' points are exact steps, for all capacities, from one pass: each "
    "holds\n"
    "from its capacity up to the next. Beside them stand Belady's OPT at the capacities of --opt, "
    "and\n"
    "for a run the algorithms that manage the memory themselves, on the two-level machine of "
    "equal\n"
    "capacity at each power of two, with the tiles that fit it best.\n\n"
    "An address file (.din, .csv, .lackey) has no algorithms, and a write miss fetches its line; "
    "of "
    "a\n"
    "run, a write that covers its lines does not.\n";

std::uint64_t line_of(const RunSpec& run) {
  if (run.machine.uniform_words) {
    return static_cast<std::uint64_t>(std::max(run.workload.word_bits() / 8, 1));
  }
  for (const MemorySpec& memory : run.machine.memories) {
    if (memory.kind == MemoryKind::cache && !memory.per_core && memory.line) return *memory.line;
  }
  return kDefaultLine;
}

/// --line and --opt. Words are a unit of capacity where there is a `word_bits`.
replay::CurveRequest request_of(const Arguments& arguments, std::uint64_t line, int word_bits) {
  replay::CurveRequest out{.line_bytes = whole_number(arguments, "line", 1).value_or(line)};
  if (const auto opt = arguments.value("opt")) {
    out.opt = config::load_capacities(
        "--opt", *opt, {.most = kMostOpt, .line = out.line_bytes, .word_bits = word_bits});
  }
  return out;
}

/// Options that do not go with a file are a mistake, not ignored.
void refuse(const Arguments& arguments, std::initializer_list<std::string_view> options,
            const std::string& why) {
  for (const std::string_view option : options) {
    if (!arguments.has(option)) continue;
    throw UserError("option '--" + std::string(option) + "' is for runs: " + why);
  }
}

Curve address_curve(const std::string& file, trace_file::AddressFormat format,
                    const Arguments& arguments) {
  refuse(arguments, {"algorithm", "hardware", "workload", "set", "algorithms"},
         file + " holds addresses");
  replay::CurveRequest request = request_of(arguments, kDefaultLine, 0);
  request.fetch_covered = true;
  const replay::AddressLines lines(file, format, request.line_bytes);
  WorkProgress progress(arguments, "bytes");
  Curve curve = replay::capacity_curve(lines, request, &progress);
  curve.subject = file;
  return curve;
}

/// Those of --algorithms, else all that compute what the run does in its pass; where none
/// are named, families of nests may be left out.
std::vector<AlgorithmChoice> algorithms_of(const Arguments& arguments, const RunSpec& run,
                                           bool families = true) {
  const Catalogue catalogue = algorithm_catalogue();
  std::string ids = arguments.value("algorithms").value_or("");
  if (ids == "none") return {};
  if (!arguments.has("algorithms")) {
    const AlgorithmInfo* own = catalogue.algorithm(run.algorithm.name);
    const std::string function = own != nullptr ? own->function : kAttention;
    for (const AlgorithmInfo& info : catalogue.algorithms) {
      const bool able =
          info.function == function && std::ranges::count(info.passes, run.workload.pass) > 0;
      if (!able || info.from_file || (!families && study::is_nest_family(info.id))) continue;
      ids += (ids.empty() ? "" : ",") + info.id;
    }
  }
  return config::load_fitted_algorithms("--algorithms", ids, catalogue);
}

/// The algorithms at the powers of two around the steps of the curve.
void add_algorithms(const RunSpec& run, const std::vector<AlgorithmChoice>& algorithms,
                    const Arguments& arguments, Curve& curve) {
  const std::vector<CurvePoint>& steps = curve.of("lru")->points;
  const study::ScratchpadRequest request{
      .workload = run.workload,
      .machine = config::load_machine("abstract_two_level", find_share()),
      .algorithms = algorithms,
      .capacities = study::power_of_two_grid(steps.front().capacity, steps.back().capacity)};
  WorkProgress progress(arguments, "fitted tiles");
  for (CurveSeries& series : study::scratchpad_series(request, &progress)) {
    curve.series.push_back(std::move(series));
  }
}

/// `shown` is what the run is called where it is `run` from a file.
Curve run_curve(const RunSpec& run, const RunSpec& shown, const Arguments& arguments) {
  const replay::PlannedRun planned(run);
  const int word_bits = run.machine.uniform_words ? run.workload.word_bits() : 0;
  const replay::CurveRequest request = request_of(arguments, line_of(run), word_bits);
  const std::vector<AlgorithmChoice> algorithms = algorithms_of(arguments, run);
  Curve curve;
  {
    WorkProgress progress(arguments, "tasks");
    replay::Counter legality(planned.schedule().program(), run.machine, planned.target());
    replay::count_program(planned.schedule().program(), legality, &progress);
    const replay::RunLines lines(planned, request.line_bytes);
    curve = replay::capacity_curve(lines, request, &progress);
  }
  curve.subject = shown.algorithm.name + " on " + run.machine.id;
  curve.workload = report::workload_text(run.workload);
  if (run.machine.uniform_words) curve.word_bytes = line_of(run);
  add_algorithms(run, algorithms, arguments, curve);
  return curve;
}

Curve trace_curve(const std::string& file, const Arguments& arguments) {
  refuse(arguments, {"algorithm", "hardware", "workload", "set"}, file + " holds its run");
  const RecordedRun run = recorded_run(file);
  try {
    return run_curve(run.replay, run.recorded, arguments);
  } catch (const TraceError& error) {
    throw UserError(file + ": illegal trace: " + error.what());
  }
}

Curve curve_of(const Arguments& arguments) {
  const std::vector<std::string>& files = arguments.operands();
  if (!files.empty()) {
    if (const auto format = read_address_format(files[0])) {
      return address_curve(files[0], *format, arguments);
    }
    if (is_trace_file(files[0])) return trace_curve(files[0], arguments);
  }
  const RunSpec run = selected_run(arguments);
  return run_curve(run, run, arguments);
}

Exit run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const Output output(arguments);
  std::optional<OutputFile> plot;
  if (const auto file = arguments.value("plot")) plot.emplace(*file);
  if (asks_for_regimes(arguments)) {
    const RunSpec selected = selected_run(arguments);
    // Their best nests are found by --best; the tiles of a default nest are not told apart.
    const Regimes regimes =
        selected_regimes(selected, algorithms_of(arguments, selected, false), arguments);
    if (plot) plot->write(report::to_svg(report::regimes_plot(regimes)));
    output.write_value(regimes);
    return Exit::done;
  }
  const Curve curve = curve_of(arguments);
  if (plot) plot->write(report::to_svg(report::curve_plot(curve)));
  output.write_value(curve);
  return Exit::done;
}

}  // namespace

Verb curve_verb() {
  std::vector<Option> options = selection_options();
  options.insert(
      options.end(),
      {{.name = "line",
        .value = "BYTES",
        .doc = "of a line; default: of the cache outside the cores, a word, or 64"},
       {.name = "opt", .value = "SIZE,...", .doc = "Belady's OPT at these capacities, at most 64"},
       {.name = "algorithms",
        .value = "ID,...",
        .doc = "which to set beside a run, or none; default all"},
       {.name = "plot", .value = "FILE.svg", .doc = "draw the curve, too"}});
  const std::vector<Option> regimes = regime_options();
  options.insert(options.end(), regimes.begin(), regimes.end());
  return {.name = "curve",
          .summary = "I/O against cache capacity, all capacities in one pass",
          .details = std::string(kSelectionDetails) + "\n" + std::string(kDetails) + "\n" +
                     std::string(kRegimeDetails),
          .operands = {.name = "RUN.yaml|FILE.trace|FILE.din", .least = 0, .most = 1},
          .options = with_output(std::move(options)),
          .run = run};
}

}  // namespace attnsim::app
