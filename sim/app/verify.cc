// attnsim verify: does every trace compute what its algorithm declares?
#include "sim/replay/verify.h"

#include <unistd.h>

#include "sim/app/fault_collector.h"
#include "sim/app/output.h"
#include "sim/app/progress.h"
#include "sim/app/recorded_run.h"
#include "sim/app/share.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/core/spelling.h"
#include "sim/replay/replay.h"
#include "sim/report/format.h"
#include "sim/trace/algorithm.h"

namespace attnsim::app {
namespace {

constexpr std::uint64_t kDefaultCases = 60;
constexpr std::uint64_t kDefaultSeed = 1;

constexpr std::string_view kDetails =
    "The trace is executed on seeded matrices, once in double and once rounded to the dtypes it\n"
    "declares, and O and LSE, or dQ, dK and dV, are compared with plain attention; of the "
    "parameter\n"
    "gradient it is dX. Without files, every algorithm is tried on a grid of small workloads:\n"
    "ragged lengths, masks, windows, GQA, dropout, odd tile sizes, every pass it has.\n"
    "With files, the runs they describe, or the traces they hold.\n";

/// A run and what it takes to say what is wrong with it.
struct Candidate {
  RunSpec run;
  std::string file{};  // empty: of the built-in grid
};

/// The algorithms to try on the grid: those named, else all.
std::vector<AlgorithmInfo> chosen_algorithms(const std::vector<std::string>& ids,
                                             const Catalogue& catalogue) {
  if (ids.empty()) return catalogue.algorithms;
  std::vector<AlgorithmInfo> chosen;
  for (const std::string& id : ids) {
    const AlgorithmInfo* info = catalogue.algorithm(id);
    if (info == nullptr) {
      throw UserError("unknown algorithm '" + id + "'" + suggestion(id, catalogue.algorithm_ids()));
    }
    if (info->from_file) throw UserError("'" + id + "' is verified with files: give a FILE.trace");
    chosen.push_back(*info);
  }
  return chosen;
}

std::vector<Candidate> grid(const Arguments& arguments, const Catalogue& catalogue) {
  const std::uint64_t cases = whole_number(arguments, "cases", 1).value_or(kDefaultCases);
  const std::uint64_t seed = whole_number(arguments, "seed", 0).value_or(kDefaultSeed);
  std::vector<Candidate> candidates;
  for (const AlgorithmInfo& info : chosen_algorithms(arguments.values("algorithm"), catalogue)) {
    for (RunSpec& run : replay::verification_grid(info, cases, seed)) {
      candidates.push_back({.run = std::move(run)});
    }
  }
  return candidates;
}

/// Executing a run holds every tensor in double, and once more in the order of the reference.
std::uint64_t bytes_to_execute(const RunSpec& run) {
  constexpr std::uint64_t kBytesPerElement = 2 * sizeof(double);
  std::uint64_t bytes = 0;
  const replay::PlannedRun planned(run);
  for (const TensorDecl& t : planned.schedule().program().tensors()) {
    bytes += static_cast<std::uint64_t>(t.planes * t.rows * t.cols) * kBytesPerElement;
  }
  return bytes;
}

/// Throws UserError for a run of a file that this machine cannot hold.
void check_memory(const Candidate& candidate) {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  const std::uint64_t available = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGE_SIZE));
  const std::uint64_t needed = bytes_to_execute(candidate.run);
  if (needed <= available) return;
  throw UserError(candidate.file + ": executing this run takes about " +
                  report::human_bytes(Bytes(needed)) + " of memory, and this machine has " +
                  report::human_bytes(Bytes(available)) +
                  ": verify a smaller one (fewer heads, a shorter sequence)");
}

/// Every file as it is, or with each of the algorithms named. All faults of all files at once.
std::vector<Candidate> files(const Arguments& arguments, const Catalogue& catalogue) {
  if (arguments.has("cases")) throw UserError("option '--cases' is for the grid, without files");
  const std::optional<std::uint64_t> seed = whole_number(arguments, "seed", 0);
  std::vector<std::optional<std::string>> algorithms;
  for (const std::string& id : arguments.values("algorithm")) algorithms.emplace_back(id);
  if (algorithms.empty()) algorithms.emplace_back();
  const config::SearchPath share = find_share();
  std::vector<Candidate> candidates;
  FaultCollector faults;
  for (const std::string& file : arguments.operands()) {
    for (const std::optional<std::string>& algorithm : algorithms) {
      faults.collect([&] {
        if (algorithm && is_trace_file(file)) {
          throw UserError(file + ": a trace is verified as it is; leave out '--algorithm'");
        }
        RunSpec run = is_trace_file(file)
                          ? recorded_run(file).replay
                          : config::load_run(file, {.algorithm = algorithm}, catalogue, share);
        if (seed) run.seed = *seed;
        candidates.push_back({.run = std::move(run), .file = file});
      });
    }
  }
  faults.throw_if_any();
  for (const Candidate& candidate : candidates) check_memory(candidate);
  return candidates;
}

/// A run of the grid that its algorithm refuses is a failed case: the grid holds what all must do.
VerifyCase verify(const Candidate& candidate, replay::Arithmetic arithmetic) {
  if (!candidate.file.empty()) return replay::verify(candidate.run, arithmetic);
  try {
    return replay::verify(candidate.run, arithmetic);
  } catch (const UserError& error) {
    return {.algorithm = candidate.run.algorithm.name,
            .pass = std::string(name(candidate.run.workload.pass)),
            .name = report::workload_text(candidate.run.workload),
            .message = std::string("cannot be planned: ") + error.what()};
  }
}

VerifyReport verify_all(const Arguments& arguments) {
  const Catalogue catalogue = algorithm_catalogue();
  const std::vector<Candidate> candidates =
      arguments.operands().empty() ? grid(arguments, catalogue) : files(arguments, catalogue);
  VerifyReport report;
  ProgressLine progress(arguments, "cases");
  for (const Candidate& candidate : candidates) {
    for (const auto arithmetic : {replay::Arithmetic::exact, replay::Arithmetic::rounded}) {
      progress.show(report.cases.size(), 2 * candidates.size());
      report.cases.push_back(verify(candidate, arithmetic));
    }
  }
  return report;
}

Exit run(const Invocation& invocation) {
  const Output output(invocation.arguments);
  const VerifyReport report = verify_all(invocation.arguments);
  output.write_value(report);
  return verdict(report.failed(), report.cases.size(), "cases");
}

}  // namespace

Verb verify_verb() {
  return {.name = "verify",
          .summary = "execute traces on numbers and compare with plain attention",
          .details = std::string(kDetails),
          .operands = {.name = "RUN.yaml|FILE.trace", .least = 0, .most = kAnyNumber},
          .options = with_output({
              {.name = "algorithm",
               .value = "ID",
               .doc = "only this one; with files: instead of the file's",
               .repeats = true},
              {.name = "cases", .value = "N", .doc = "workloads per algorithm; default 60"},
              {.name = "seed", .value = "N", .doc = "of the grid and of the numbers; default 1"},
          }),
          .run = run};
}

}  // namespace attnsim::app
