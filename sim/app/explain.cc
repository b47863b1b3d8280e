// attnsim explain: what limits a run, and what one change would buy.
#include "sim/app/output.h"
#include "sim/app/progress.h"
#include "sim/app/selection.h"
#include "sim/app/verb.h"
#include "sim/report/explanation.h"
#include "sim/report/table.h"
#include "sim/study/explanation.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "Takes the time of a run apart: the lane that limits it, and where a memory does, the tensor\n"
    "behind most of its traffic; what the cores do meanwhile, and how much of it is hidden under\n"
    "something else; by kernel, the places that its last wave leaves empty, the tail in which "
    "cores\n"
    "run out of tasks, and the operations that keep the units busy.\n\n"
    "Then the time is read once more for each of these changes, tiles and schedule as they are:\n"
    "matrix, exp and vector units twice as fast, each bandwidth doubled (the memory where tensors\n"
    "live, shared caches, the scratchpad), no launch cost, no latency between dependent "
    "operations.\n"
    "These readings run side by side; each takes about as long as 'attnsim run'.\n";

Exit run(const Invocation& invocation) {
  const Output output(invocation.arguments);
  const RunSpec spec = selected_run(invocation.arguments);
  Explanation explanation = [&] {
    WorkProgress progress(invocation.arguments, "readings of the time");
    const auto jobs = whole_number(invocation.arguments, "jobs", 1).value_or(0);
    return study::explain(spec, static_cast<unsigned>(jobs), &progress);
  }();
  explanation.workload = report::workload_text(spec.workload);
  output.write_value(explanation);
  return Exit::done;
}

}  // namespace

Verb explain_verb() {
  std::vector<Option> options = selection_options();
  options.push_back({.name = "jobs", .value = "N", .doc = "threads; default: one per core"});
  return {.name = "explain",
          .summary = "what limits a run, and what one change of the machine would buy",
          .details = std::string(kSelectionDetails) + "\n" + std::string(kDetails),
          .operands = kRunOperand,
          .options = with_output(std::move(options)),
          .run = run};
}

}  // namespace attnsim::app
