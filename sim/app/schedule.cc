// attnsim schedule: the loop nest that moves least.
#include <chrono>
#include <cstdio>
#include <string>

#include "sim/app/output.h"
#include "sim/app/progress.h"
#include "sim/app/selection.h"
#include "sim/app/verb.h"
#include "sim/core/error.h"
#include "sim/report/table.h"
#include "sim/study/best_schedule.h"
#include "sim/trace/target.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "Searches the nests of tiled_attention (backward pass: those of tiled_backward and\n"
    "two_kernel_backward), exactly, for the one that moves the fewest words between a slow memory\n"
    "and a fast one of M words: the on-chip memories of the hardware, per core, or with --grid "
    "each\n"
    "power of two from 4 head_dim to where everything fits. Beside it stand the largest lower "
    "bound\n"
    "of its class and the registered algorithm that moves least with its best tiles.\n"
    "docs/bounds.md, section 8, states the families. The run's algorithm plays no part.\n";

Exit run(const Invocation& invocation) {
  const Arguments& arguments = invocation.arguments;
  const Output output(arguments);
  const RunSpec spec = selected_run(arguments);
  const std::vector<Words> sizes =
      arguments.has("grid")
          ? study::schedule_grid(spec.workload)
          : std::vector<Words>{Words(Target(spec.machine, spec.workload).on_chip_words())};
  const auto start = std::chrono::steady_clock::now();
  ScheduleReport report;
  {
    WorkProgress progress(arguments, "sizes of M");
    report = study::best_schedules(spec.workload, sizes, &progress);
  }
  if (report.rows.empty()) {
    const char* least = spec.workload.pass == Pass::backward ? "4" : "5";
    throw UserError(std::string("no nest fits: even the smallest needs ") + least +
                    " words on chip, this machine has " + std::to_string(sizes.back().count));
  }
  report.workload = report::workload_text(spec.workload);
  output.write_value(report);
  if (!arguments.has("quiet")) {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    std::fprintf(stderr, "searched in %.2f s\n", took.count());
  }
  return Exit::done;
}

}  // namespace

Verb schedule_verb() {
  std::vector<Option> options = selection_options();
  options.push_back({.name = "grid", .value = "", .doc = "every power of two as M"});
  return {.name = "schedule",
          .summary = "the loop nest that moves least, between bounds and published algorithms",
          .details = std::string(kSelectionDetails) + "\n" + std::string(kDetails),
          .operands = kRunOperand,
          .options = with_output(std::move(options)),
          .run = run};
}

}  // namespace attnsim::app
