// attnsim run: one replay.
#include <memory>

#include "sim/app/hash.h"
#include "sim/app/output.h"
#include "sim/app/progress.h"
#include "sim/app/selection.h"
#include "sim/app/timeline.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/core/error.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/time.h"

namespace attnsim::app {
namespace {

constexpr std::string_view kDetails =
    "The result: traffic per memory and tensor, the closed form, the footprint, the lower bounds,\n"
    "the work, and the time on machines that state their rates. A footprint above capacity is "
    "part\n"
    "of the result, not an error; there is no time then.\n";

Exit run(const Invocation& invocation) {
  const Output output(invocation.arguments);
  const RunSpec spec = selected_run(invocation.arguments);
  const replay::PlannedRun planned(spec);
  const std::unique_ptr<Timeline> timeline = timeline_of(invocation.arguments, planned);
  const auto repetition = invocation.arguments.has("exact-replay")
                              ? replay::Repetition::replay_all
                              : replay::Repetition::skip_copies;
  Result result = [&] {
    WorkProgress progress(invocation.arguments, "tasks");
    return replay::replay(planned, &progress, repetition);
  }();
  if (!invocation.arguments.has("no-time")) {
    WorkProgress progress(invocation.arguments, "tasks");
    replay::time::add_time(planned, result, &progress, timeline.get(), repetition);
  }
  if (timeline) {
    if (!result.time) throw UserError("there is no timeline: " + result.no_time);
    timeline->finish();
  }
  result.provenance.command = invocation.command;
  result.provenance.config_hash = xxh64_hex(config::echo(spec));
  output.write_value(result);
  return Exit::done;
}

}  // namespace

Verb run_verb() {
  std::vector<Option> options = selection_options();
  options.push_back(kExactReplay);
  options.push_back(
      {.name = "no-time", .value = "", .doc = "counts only, no estimate of the runtime"});
  const std::vector<Option> timeline = timeline_options();
  options.insert(options.end(), timeline.begin(), timeline.end());
  return {.name = "run",
          .summary = "replay one algorithm on one workload and machine",
          .details = std::string(kSelectionDetails) + "\n" + std::string(kDetails),
          .operands = kRunOperand,
          .options = with_output(std::move(options)),
          .run = run};
}

}  // namespace attnsim::app
