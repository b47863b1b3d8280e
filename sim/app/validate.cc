// attnsim validate: predicted against measured.
#include <cstdio>

#include "sim/app/fault_collector.h"
#include "sim/app/output.h"
#include "sim/app/progress.h"
#include "sim/app/share.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/config/validation_files.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/time.h"
#include "sim/study/validation.h"
#include "sim/study/validation_drift.h"
#include "sim/trace/algorithm.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "Every row of the measurement files is simulated, or counted under the reason why it cannot "
    "be.\n"
    "Rates become seconds first. error is predicted / measured - 1; median, mape and p90 are over\n"
    "|ln(predicted / measured)|, bias is its signed mean: positive where predictions are too "
    "slow.\n"
    "'overall' is about reference rows of time or rate; bytes, counters and speedups stand apart.\n"
    "The table of sources says which algorithm, parameters, clock and host overhead stand for the\n"
    "rows of a source. 'attnsim help config' lists the columns and the keys of that table.\n"
    "With --expect the exit code is 1 when a figure moved by more than 0.5 %.\n"
    "  attnsim validate analysis/validation/measurements/dense_gpu.csv --plot correlation.svg\n";

/// Time of a run; with it what a profiler counts.
study::Prediction predict(const RunSpec& run) {
  const replay::PlannedRun planned(run);
  Result result = replay::replay(planned);
  replay::time::add_time(planned, result);
  study::Prediction out;
  if (!result.time) {
    out.reason = result.no_time;
    return out;
  }
  out.seconds = result.time->seconds;
  out.dram_bytes = static_cast<double>(result.time->home_bytes);
  for (const LaneRow& lane : result.time->lanes) {
    if (lane.lane == "matrix") out.matrix_utilisation = lane.utilisation;
  }
  return out;
}

/// A file of the folder of validations, unless an option names another.
std::string file_of(const Arguments& arguments, std::string_view option, const char* name,
                    const config::SearchPath& share) {
  const auto given = arguments.value(option);
  return given ? *given : (share.share / "analysis" / "validation" / name).string();
}

/// Everything the files say, or every fault of every file.
study::ValidationRequest request_of(const Arguments& arguments) {
  const config::SearchPath share = find_share();
  study::ValidationRequest request{.catalogue = algorithm_catalogue()};
  FaultCollector faults;
  faults.collect([&] { request.measurements = config::load_measurements(arguments.operands()); });
  faults.collect([&] {
    request.rules = config::load_source_rules(file_of(arguments, "sources", "sources.yaml", share),
                                              request.catalogue, share);
  });
  faults.collect([&] {
    request.fitted =
        config::load_ids(file_of(arguments, "fitted", "fitted_rows.txt", share), share);
  });
  faults.throw_if_any();
  for (const std::string& id : config::machine_ids(share)) {
    request.machines.emplace(id, config::load_machine(id, share));
  }
  if (const auto longest = whole_number(arguments, "longest", 1)) {
    request.longest = static_cast<std::int64_t>(*longest);
  }
  request.jobs = static_cast<unsigned>(whole_number(arguments, "jobs", 1).value_or(0));
  return request;
}

/// Says on stderr what moved.
Exit compare(const ValidationReport& expected, const ValidationReport& report) {
  const study::DriftReport found = study::compare_validations(expected, report);
  for (const study::Drift& drift : found.drifts) {
    std::fprintf(stderr, "%s\n", drift.text().c_str());
  }
  return verdict(found.drifts.size(), found.figures, "figures");
}

Exit run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const Output output(arguments);
  std::optional<OutputFile> plot;
  if (const auto file = arguments.value("plot")) plot.emplace(*file);
  std::optional<ValidationReport> expected;
  if (const auto file = arguments.value("expect")) expected = config::load_validation(*file);
  const study::ValidationRequest request = request_of(arguments);
  const ValidationReport report = [&] {
    WorkProgress progress(arguments, "rows");
    return study::validate(request, predict, &progress);
  }();
  if (plot) plot->write(report::to_svg(report::correlation_plot(report)));
  output.write_value(report);
  return expected ? compare(*expected, report) : Exit::done;
}

}  // namespace

Verb validate_verb() {
  return {.name = "validate",
          .summary = "hold predicted times against published measurements",
          .details = std::string(kDetails),
          .operands = {.name = "MEASUREMENTS.csv", .least = 1, .most = kAnyNumber},
          .options = with_output({
              {.name = "plot", .value = "FILE.svg", .doc = "draw predicted against measured, too"},
              {.name = "expect",
               .value = "FILE.json",
               .doc = "an earlier result, which this one has to equal"},
              {.name = "sources",
               .value = "FILE.yaml",
               .doc = "how rows are simulated; default: analysis/validation/sources.yaml"},
              {.name = "fitted",
               .value = "FILE",
               .doc = "ids the model was fitted to; default: analysis/validation/fitted_rows.txt"},
              {.name = "longest",
               .value = "N",
               .doc = "leave out rows with more query rows: a quick look"},
              {.name = "jobs", .value = "N", .doc = "threads; default: one per core"},
          }),
          .run = run};
}

}  // namespace attnsim::app
