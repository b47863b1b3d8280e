#include "sim/replay/rounding.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace attnsim::replay {
namespace {

struct Format {
  int precision;     // significand bits, the implicit one included
  int min_exponent;  // of the smallest normal number, 2^min_exponent
  double largest;
  bool saturates;
  bool has_infinity = true;
};

Format format_of(DType dtype) {
  switch (dtype) {
    case DType::f16:
      return {11, -14, 65504.0, false};
    case DType::bf16:
      return {8, -126, std::ldexp(255.0, 120), false};
    case DType::tf32:
      return {11, -126, std::ldexp(2047.0, 117), false};
    case DType::fp8_e4m3:
      return {4, -6, 448.0, true, false};
    case DType::fp8_e5m2:
      return {3, -14, 57344.0, true};
    default:
      return {24, -126, std::numeric_limits<float>::max(), false};
  }
}

double round_integer(double x, double low, double high) {
  return std::clamp(std::nearbyint(x), low, high);
}

double round_float(const Format& format, double x) {
  if (x == 0 || std::isnan(x)) return x;
  if (std::isinf(x)) return format.has_infinity ? x : std::copysign(format.largest, x);
  // The gap between neighbours at x; subnormals share the smallest normal's.
  const int exponent = std::max(std::ilogb(x), format.min_exponent);
  const double gap = std::ldexp(1.0, exponent - format.precision + 1);
  const double rounded = std::nearbyint(x / gap) * gap;
  if (std::abs(rounded) <= format.largest) return rounded;
  return std::copysign(format.saturates ? format.largest : std::numeric_limits<double>::infinity(),
                       x);
}

}  // namespace

double round_to(DType dtype, double x) {
  switch (dtype) {
    case DType::f64:
      return x;
    case DType::f32:
      return static_cast<double>(static_cast<float>(x));
    case DType::i8:
      return round_integer(x, -128, 127);
    case DType::i32:
      return round_integer(x, std::numeric_limits<std::int32_t>::min(),
                           std::numeric_limits<std::int32_t>::max());
    case DType::i64:
      return round_integer(x, -0x1p63, 0x1p63);
    default:
      return round_float(format_of(dtype), x);
  }
}

double unit_roundoff(DType dtype) {
  if (dtype == DType::f64) return 0x1p-53;
  return std::ldexp(1.0, -format_of(dtype).precision);
}

}  // namespace attnsim::replay
