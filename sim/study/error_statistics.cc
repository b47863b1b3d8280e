#include "sim/study/error_statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/core/error.h"

namespace attnsim::study {
namespace {

double log_ratio(const ValidationPoint& point) {
  return std::log(point.predicted_s / point.measured_s);
}

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

}  // namespace

double quantile(std::vector<double> values, double share) {
  ATTNSIM_CHECK(!values.empty() && share >= 0 && share <= 1, "no such quantile");
  std::ranges::sort(values);
  const double place = share * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(place);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], place - static_cast<double>(below));
}

ErrorSummary summarise(std::span<const ValidationPoint* const> points) {
  ErrorSummary out{.n = points.size()};
  if (points.empty()) return out;
  std::vector<double> ratios, sizes;
  for (const ValidationPoint* point : points) {
    ratios.push_back(log_ratio(*point));
    sizes.push_back(std::abs(ratios.back()));
  }
  out.bias = mean(ratios);
  out.mape = mean(sizes);
  out.median = quantile(sizes, 0.5);
  out.p90 = quantile(sizes, 0.9);
  return out;
}

const ValidationPoint* worst_of(std::span<const ValidationPoint* const> points) {
  const auto worst = std::ranges::max_element(
      points, {}, [](const ValidationPoint* point) { return std::abs(log_ratio(*point)); });
  return worst == points.end() ? nullptr : *worst;
}

}  // namespace attnsim::study
