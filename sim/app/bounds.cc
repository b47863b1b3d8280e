// attnsim bounds: what no algorithm can undercut.
#include "analysis/bounds/bounds.h"

#include "sim/app/output.h"
#include "sim/app/selection.h"
#include "sim/app/verb.h"

namespace attnsim::app {
namespace {

Exit run(const Invocation& invocation) {
  const Output output(invocation.arguments);
  const RunSpec spec = selected_run(invocation.arguments);
  output.write_value(bounds::bounds(spec.workload, spec.machine));
  return Exit::done;
}

}  // namespace

Verb bounds_verb() {
  return {.name = "bounds",
          .summary = "the I/O bounds of a workload on a machine, with formula and source",
          .details = std::string(kSelectionDetails),
          .operands = kRunOperand,
          .options = with_output(selection_options()),
          .run = run};
}

}  // namespace attnsim::app
