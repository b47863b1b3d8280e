#include "sim/core/curve.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim {

const CurveSeries* Curve::of(std::string_view policy) const {
  const auto it = std::ranges::find(series, policy, &CurveSeries::policy);
  return it == series.end() ? nullptr : &*it;
}

const CurvePoint& point_at(const CurveSeries& steps, Bytes capacity) {
  const auto after = std::ranges::upper_bound(steps.points, capacity, {}, &CurvePoint::capacity);
  ATTNSIM_CHECK(after != steps.points.begin(), "below the first step");
  return *std::prev(after);
}

}  // namespace attnsim
