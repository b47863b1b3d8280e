#include "analysis/bounds/wide.h"

#include <cmath>

namespace attnsim::bounds {

// A long double is off by less than one unit after a root of 63 bits; the loops make it exact.

Wide floor_sqrt(Wide x) {
  auto root = static_cast<Wide>(std::sqrt(static_cast<long double>(x)));
  while (root * root > x) --root;
  while ((root + 1) * (root + 1) <= x) ++root;
  return root;
}

Wide floor_cbrt(Wide x) {
  auto root = static_cast<Wide>(std::cbrt(static_cast<long double>(x)));
  while (root * root * root > x) --root;
  while ((root + 1) * (root + 1) * (root + 1) <= x) ++root;
  return root;
}

double rounded_down(Wide x) {
  const auto nearest = static_cast<double>(x);
  return static_cast<Wide>(nearest) > x ? std::nextafter(nearest, 0.0) : nearest;
}

}  // namespace attnsim::bounds
