#include "sim/study/checks.h"

#include <algorithm>
#include <optional>

#include "sim/core/error.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/time.h"
#include "sim/study/expectation.h"
#include "sim/study/metric.h"

namespace attnsim::study {
namespace {

/// The faults of a run, which know nothing of the check file, under the check's name.
void add_run_faults(const CheckSpec& check, const UserError& error,
                    std::vector<Diagnostic>& faults) {
  for (Diagnostic fault : error.diagnostics()) {
    if (fault.file.empty() && !check.expect.empty()) fault.file = check.expect.front().file;
    fault.path = "check '" + check.name + "'" + (fault.path.empty() ? "" : ": " + fault.path);
    faults.push_back(std::move(fault));
  }
}

bool asks_for_time(const CheckSpec& check) {
  return std::any_of(check.expect.begin(), check.expect.end(),
                     [](const Expectation& e) { return is_about_time(e.metric); });
}

std::optional<Result> replayed(const CheckSpec& check, std::vector<Diagnostic>& faults) {
  try {
    const replay::PlannedRun planned(check.run);
    Result result = replay::replay(planned);
    if (asks_for_time(check)) replay::time::add_time(planned, result);
    return result;
  } catch (const UserError& error) {
    add_run_faults(check, error, faults);
    return std::nullopt;
  }
}

}  // namespace

CheckReport run_checks(const std::vector<CheckSpec>& checks, Progress* progress) {
  CheckReport report;
  std::vector<Diagnostic> faults;
  for (std::size_t i = 0; i < checks.size(); ++i) {
    if (progress != nullptr) progress->step(i, checks.size(), checks[i].name);
    const std::optional<Result> result = replayed(checks[i], faults);
    if (!result) continue;
    std::vector<CheckRow> rows = evaluate_check(checks[i], *result, faults);
    report.rows.insert(report.rows.end(), rows.begin(), rows.end());
  }
  if (progress != nullptr) progress->step(checks.size(), checks.size(), {});
  if (!faults.empty()) throw UserError(std::move(faults));
  return report;
}

}  // namespace attnsim::study
