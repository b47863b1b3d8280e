// attnsim compare: the same workload over machines and algorithms.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "sim/app/fault_collector.h"
#include "sim/app/output.h"
#include "sim/app/progress.h"
#include "sim/app/selection.h"
#include "sim/app/share.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/report/table.h"
#include "sim/study/comparison.h"
#include "sim/trace/algorithm.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "Every run file (or the options alone) on every machine with every algorithm of the lists, in\n"
    "a table for each workload: bytes that leave the cores and that reach the outermost memory,\n"
    "time and what limits it, and how far each is from the best in time or, without times, in\n"
    "bytes. A machine that has no result says why.\n"
    "  attnsim compare --workload seqlen=8192,heads=32,kv_heads=8,head_dim=128 \\\n"
    "    --hardware nvidia_a100_sxm_80,nvidia_h100_sxm --algorithm flash_attention_2\n"
    "  attnsim compare configs/runs/flash_attention_2_gpt2.yaml --hardware all --no-time\n";

/// The parts of "a,b,c"; without the option one that changes nothing.
std::vector<std::optional<std::string>> list_of(const Arguments& arguments, std::string_view option,
                                                const config::SearchPath& share) {
  const std::optional<std::string> text = arguments.value(option);
  if (!text) return {std::nullopt};
  if (option == "hardware" && *text == "all") {
    const std::vector<std::string> all = config::machine_ids(share);
    return {all.begin(), all.end()};
  }
  std::vector<std::optional<std::string>> out;
  for (std::size_t begin = 0; begin <= text->size();) {
    const std::size_t end = std::min(text->find(',', begin), text->size());
    if (end == begin) {
      throw UserError("--" + std::string(option) + " '" + *text +
                      "': expected names with a comma between any two");
    }
    out.emplace_back(text->substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// Every combination; throws UserError with the faults of all.
std::vector<study::ComparedRun> runs_of(const Arguments& arguments) {
  std::vector<std::optional<std::string>> files(arguments.operands().begin(),
                                                arguments.operands().end());
  if (files.empty()) files.emplace_back();
  const config::SearchPath share = find_share();
  const auto machines = list_of(arguments, "hardware", share);
  const auto algorithms = list_of(arguments, "algorithm", share);
  std::vector<study::ComparedRun> runs;
  FaultCollector faults;
  for (const auto& file : files) {
    for (const auto& machine : machines) {
      for (const auto& algorithm : algorithms) {
        faults.collect([&] {
          const RunSpec run = config::load_run(file,
                                               {.sets = arguments.values("set"),
                                                .algorithm = algorithm,
                                                .hardware = machine,
                                                .workload = arguments.values("workload")},
                                               algorithm_catalogue(), share);
          runs.push_back({.workload = report::workload_text(run.workload),
                          .hardware = run.machine.id,
                          .algorithm = run.algorithm.name,
                          .run = run});
        });
      }
    }
  }
  faults.throw_if_any();
  return runs;
}

Exit run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const Output output(arguments);
  const std::vector<study::ComparedRun> runs = runs_of(arguments);
  const auto jobs = static_cast<unsigned>(whole_number(arguments, "jobs", 1).value_or(0));
  const ComparisonReport report = [&] {
    WorkProgress progress(arguments, "runs");
    return study::compare(runs, !arguments.has("no-time"), jobs, &progress);
  }();
  output.write_value(report);
  return Exit::done;
}

}  // namespace

Verb compare_verb() {
  return {.name = "compare",
          .summary = "the same workload over machines and algorithms, side by side",
          .details = std::string(kDetails),
          .operands = {.name = "RUN.yaml", .least = 0, .most = kAnyNumber},
          .options = with_output({
              {.name = "algorithm", .value = "ID,...", .doc = "see 'attnsim list algorithms'"},
              {.name = "hardware",
               .value = "ID|FILE,...",
               .doc = "see 'attnsim list hardware'; all: every preset"},
              {.name = "workload",
               .value = "K=V,...",
               .doc = "change values of the workloads",
               .repeats = true},
              {.name = "set",
               .value = "PATH=VALUE",
               .doc = "change any value in every run",
               .repeats = true},
              {.name = "no-time", .value = "", .doc = "counts only, no estimates of the runtime"},
              {.name = "jobs", .value = "N", .doc = "threads; default: one per core"},
          }),
          .run = run};
}

}  // namespace attnsim::app
