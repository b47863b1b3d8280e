// Rounding of a double to the precision of another type, as a store in that type would.
#pragma once

#include "sim/core/dtype.h"

namespace attnsim::replay {

/// Round to nearest, ties to even; overflow saturates to infinity (fp16, fp32, bf16) or to the
/// largest finite value (fp8, whose hardware conversions saturate); integers round and clamp. An
/// infinity stays one where the type has it (fp8_e4m3 has none).
double round_to(DType dtype, double x);

/// Unit roundoff of a floating type: half the gap between 1 and the next number.
double unit_roundoff(DType dtype);

}  // namespace attnsim::replay
