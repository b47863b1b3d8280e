// attnsim check: I/O budgets as code.
#include "sim/app/fault_collector.h"
#include "sim/app/output.h"
#include "sim/app/progress.h"
#include "sim/app/share.h"
#include "sim/app/verb.h"
#include "sim/config/config.h"
#include "sim/study/checks.h"
#include "sim/trace/algorithm.h"

namespace attnsim::app {
namespace {

/// The checks of all files, or every fault of every file.
std::vector<CheckSpec> load(const std::vector<std::string>& files) {
  const Catalogue catalogue = algorithm_catalogue();
  const config::SearchPath share = find_share();
  std::vector<CheckSpec> checks;
  FaultCollector faults;
  for (const std::string& file : files) {
    faults.collect([&] {
      for (CheckSpec& check : config::load_checks(file, catalogue, share)) {
        checks.push_back(std::move(check));
      }
    });
  }
  faults.throw_if_any();
  return checks;
}

/// Shows the study's steps on the progress line.
class CheckProgress final : public Progress {
 public:
  explicit CheckProgress(const Arguments& arguments) : line_(arguments, "checks") {}

  void step(std::uint64_t done, std::uint64_t total, std::string_view) override {
    line_.show(done, total);
  }

 private:
  ProgressLine line_;
};

CheckReport evaluate(const Arguments& arguments) {
  const std::vector<CheckSpec> checks = load(arguments.operands());
  CheckProgress progress(arguments);
  return study::run_checks(checks, &progress);
}

Exit run(const Invocation& invocation) {
  const Output output(invocation.arguments);
  const CheckReport report = evaluate(invocation.arguments);
  output.write_value(report);
  return verdict(report.failed(), report.rows.size(), "expectations");
}

}  // namespace

Verb check_verb() {
  return {.name = "check",
          .summary = "hold runs to the I/O budgets of check files",
          .details =
              "Every check's run is replayed and its expectations are evaluated: exit code 0\n"
              "when all hold, 1 when some do not.\n",
          .operands = {.name = "CHECK.yaml", .least = 1, .most = kAnyNumber},
          .options = with_output({}),
          .run = run};
}

}  // namespace attnsim::app
