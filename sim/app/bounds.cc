// attnsim bounds: what no algorithm can undercut.
#include "analysis/bounds/bounds.h"

#include "sim/app/output.h"
#include "sim/app/selection.h"
#include "sim/app/verb.h"
#include "sim/replay/replay.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "Without --algorithm: every bound, with the class of algorithms it holds for. With one: what\n"
    "holds for it, and its I/O over each bound; the algorithm is replayed for that.\n"
    "docs/bounds.md has the proofs and says what M is.\n";

Exit run(const Invocation& invocation) {
  const Output output(invocation.arguments);
  const RunSpec spec = selected_run(invocation.arguments);
  const bool replayed = invocation.arguments.value("algorithm").has_value();
  output.write_value(replayed ? replay::replay(spec).bounds
                              : bounds::bounds(spec.workload, spec.machine));
  return Exit::done;
}

}  // namespace

Verb bounds_verb() {
  return {.name = "bounds",
          .summary = "the I/O bounds of a workload on a machine, with formula and source",
          .details = std::string(kSelectionDetails) + "\n" + std::string(kDetails),
          .operands = kRunOperand,
          .options = with_output(selection_options()),
          .run = run};
}

}  // namespace attnsim::app
