#include "sim/core/regimes.h"

#include <algorithm>

namespace attnsim {

const RegimePoint* Regimes::furthest() const {
  const auto it = std::ranges::max_element(points, {}, &RegimePoint::over_bound);
  return it == points.end() || it->over_bound() == 0 ? nullptr : &*it;
}

double Regimes::in_head_dims(Words m) const {
  return static_cast<double>(m.count) / static_cast<double>(head_dim * head_dim);
}

}  // namespace attnsim
