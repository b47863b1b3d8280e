#include "sim/study/comparison.h"

#include <algorithm>
#include <map>
#include <optional>

#include "sim/study/parallel.h"
#include "sim/study/sweep.h"

namespace attnsim::study {
namespace {

/// The least figures among the rows of a workload.
struct Least {
  std::optional<double> seconds{}, bytes{};

  void meet(const PointSummary& s) {
    if (!s.no_result.empty() || !s.fits) return;
    const auto least = [](std::optional<double>& sofar, double value) {
      sofar = sofar ? std::min(*sofar, value) : value;
    };
    if (s.seconds) least(seconds, *s.seconds);
    least(bytes, static_cast<double>(s.bytes));
  }

  std::optional<double> ratio_of(const PointSummary& s) const {
    if (!s.no_result.empty() || !s.fits) return std::nullopt;
    if (seconds) return s.seconds ? std::optional(*s.seconds / *seconds) : std::nullopt;
    // Nothing moved is as good as the best that moved nothing.
    if (*bytes == 0) return s.bytes == 0 ? std::optional(1.0) : std::nullopt;
    return static_cast<double>(s.bytes) / *bytes;
  }
};

}  // namespace

ComparisonReport compare(const std::vector<ComparedRun>& runs, bool time, unsigned jobs,
                         Progress* progress) {
  ComparisonReport report;
  report.rows.resize(runs.size());
  const auto work = [&](std::size_t i) {
    const ComparedRun& compared = runs[i];
    report.rows[i] = {.workload = compared.workload,
                      .hardware = compared.hardware,
                      .algorithm = compared.algorithm,
                      .summary = summary_of(answer_point(compared.run, time))};
  };
  parallel_for(runs.size(), jobs, work, progress);
  std::map<std::string, Least> least;
  for (const ComparisonRow& row : report.rows) least[row.workload].meet(row.summary);
  for (ComparisonRow& row : report.rows) row.over_best = least[row.workload].ratio_of(row.summary);
  return report;
}

}  // namespace attnsim::study
