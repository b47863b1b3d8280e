// Integers for pairs and products: at a length of 2^30 they need more than 64 bits.
#pragma once

#include <cstdint>

namespace attnsim::bounds {

__extension__ using Wide = unsigned __int128;

/// REQUIRES: n >= 0.
constexpr Wide wide(std::int64_t n) { return static_cast<Wide>(n); }

constexpr Wide ceil_div(Wide a, Wide b) { return (a + b - 1) / b; }

/// The largest r with r^2 <= x. REQUIRES: x < 2^126.
Wide floor_sqrt(Wide x);

/// The largest r with r^3 <= x. REQUIRES: x < 2^126.
Wide floor_cbrt(Wide x);

/// The nearest double that is not above x.
double rounded_down(Wide x);

}  // namespace attnsim::bounds
