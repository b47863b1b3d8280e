// A run's time and energy as text. Private to this folder.
#pragma once

#include <string>

#include "sim/core/result.h"

namespace attnsim::report {

/// Seconds, TFLOP/s and limiter; how busy each lane is; the kernels, where there
/// are several. Without a time: why, or "" where none was asked for.
std::string time_text(const Result& result);

/// Lanes from the busiest on, four a line: "matrix 61.2 %  exp 40.0 %".
std::string lanes_text(const TimeReport& time);

/// One line: the sum and, behind it, each memory's part. "" where no energy is known.
std::string energy_text(const Result& result);

}  // namespace attnsim::report
