// Two validations of the same measurements, an earlier and a later one: what has moved?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/core/validation_report.h"

namespace attnsim::study {

/// A figure that moved, came or went.
struct Drift {
  std::string figure;
  std::optional<double> before{}, after{};

  /// "overall.median: 0.0341 before, 0.0512 now".
  std::string text() const;
};

/// How far a figure may move: times and amounts by this part of themselves, errors, which are parts
/// of the measured value already, by this much.
inline constexpr double kDriftTolerance = 0.005;

struct DriftReport {
  std::size_t figures = 0;  // that were compared
  std::vector<Drift> drifts{};
};

/// Every figure of both: counts, which must be equal, errors, and predicted and measured values.
DriftReport compare_validations(const ValidationReport& before, const ValidationReport& after);

}  // namespace attnsim::study
