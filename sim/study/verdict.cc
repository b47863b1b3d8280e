#include "sim/study/verdict.h"

#include <cmath>
#include <limits>

#include "sim/study/number_text.h"

namespace attnsim::study {
namespace {

MetricValue distance(const MetricValue& a, const MetricValue& b) {
  if (a.count && b.count) {
    return MetricValue::of_count(*a.count > *b.count ? *a.count - *b.count : *b.count - *a.count);
  }
  return {.value = std::fabs(a.value - b.value)};
}

std::string distance_text(const MetricValue& value, const MetricValue& limit) {
  const MetricValue delta = distance(value, limit);
  const std::string text = value_text(delta);
  if (limit.value == 0) return text;
  return text + " (" + percent_text(delta.value / std::fabs(limit.value)) + ")";
}

}  // namespace

bool holds(const MetricValue& value, const Limit& limit) {
  switch (limit.relation) {
    case Relation::at_most:
      return !(limit.value < value);
    case Relation::at_least:
      return !(value < limit.value);
    case Relation::equal:
      return value == limit.value;
  }
  return false;
}

std::string value_text(const MetricValue& value) {
  return value.count ? count_text(*value.count) : number_text(value.value);
}

std::string verdict_text(const std::string& metric, const MetricValue& value, const Limit& limit) {
  std::string target = value_text(limit.value);
  if (!limit.origin.empty()) target += " (" + limit.origin + ")";
  const std::string measured = metric + " = " + value_text(value);
  const bool below = value < limit.value;
  if (limit.relation == Relation::equal) {
    if (value == limit.value) return measured + " equals " + target;
    return measured + (below ? " is less than " : " is more than ") + target + " by " +
           distance_text(value, limit.value);
  }
  if (value == limit.value) return measured + " is at the limit of " + target;
  std::string relation = below ? " is within " : " exceeds ";
  if (limit.relation == Relation::at_least) relation = below ? " falls short of " : " is above ";
  return measured + relation + target + " by " + distance_text(value, limit.value);
}

MetricValue scaled(const MetricValue& reference, double ratio) {
  if (ratio == 1) return reference;
  const double product = reference.value * ratio;
  const double nearest = std::round(product);
  // Twice what rounding the ratio, the reference and the product can add up to.
  constexpr double kRounding = 4 * std::numeric_limits<double>::epsilon();
  if (std::fabs(product - nearest) <= kRounding * product) return MetricValue::of_value(nearest);
  return {.value = product};
}

}  // namespace attnsim::study
