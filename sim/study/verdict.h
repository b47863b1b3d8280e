// A measured value against a limit: who wins, and the sentence that says so.
#pragma once

#include <string>

#include "sim/study/metric.h"

namespace attnsim::study {

/// What a value must be to its limit.
enum class Relation { at_most, at_least, equal };

struct Limit {
  Relation relation = Relation::at_most;
  MetricValue value{};
  std::string origin{};  // where the limit comes from: 1.10 x closed_form 1,000
};

bool holds(const MetricValue& value, const Limit& limit);

/// `metric = 1,234 exceeds 1,000 by 234 (23.4 %)`: what was measured, the limit, and the distance,
/// absolute and in percent of the limit.
std::string verdict_text(const std::string& metric, const MetricValue& value, const Limit& limit);

/// The value with separators.
std::string value_text(const MetricValue& value);

/// `ratio` times a reference. A product that is an integer but for rounding is that integer, so
/// that 115 is no more than 1.15 x 100.
MetricValue scaled(const MetricValue& reference, double ratio);

}  // namespace attnsim::study
