// Runs side by side, as plain data.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/core/study.h"

namespace attnsim {

struct ComparisonRow {
  std::string workload;  // of rows with equal texts the best is looked for
  std::string hardware, algorithm;
  PointSummary summary{};
  /// Time over the least among the rows of the workload or, where none has a time, bytes that leave
  /// the cores over the fewest. Absent without a result, or where others have a time.
  std::optional<double> over_best{};

  bool best() const { return over_best == 1.0; }
};

struct ComparisonReport {
  std::vector<ComparisonRow> rows{};
};

}  // namespace attnsim
