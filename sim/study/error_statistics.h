// Statistics of prediction errors.
#pragma once

#include <span>
#include <vector>

#include "sim/core/validation_report.h"

namespace attnsim::study {

/// The value below which a share (0 to 1) of the values lies, by linear interpolation between the
/// neighbours in order: with n values the k-th smallest, from 0, lies at k / (n - 1). REQUIRES: at
/// least one value.
double quantile(std::vector<double> values, double share);

/// Of pairs of predicted and measured, both positive.
ErrorSummary summarise(std::span<const ValidationPoint* const> points);

/// The point with the largest |ln(predicted / measured)|, of equals the first; nullptr of none.
const ValidationPoint* worst_of(std::span<const ValidationPoint* const> points);

}  // namespace attnsim::study
