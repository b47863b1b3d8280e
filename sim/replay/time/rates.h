// How fast one core works at the clock it runs at, in picoseconds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/machine_spec.h"

namespace attnsim::replay::time {

/// Simulated time. Integers, so that a run is the same on every host.
using Ps = std::int64_t;

inline constexpr Ps kNever = INT64_MAX;

struct CoreRates {
  std::array<double, kDTypeCount> matrix{};  // picoseconds per FLOP; 0: no such unit
  double vector = 0;                         // per operation
  double exp = 0;                            // per exponential
  double port = 0;                           // per byte of the scratchpad's port
  double copy = 0;                           // per byte between the core and what is outside
  double contention = 0;                     // see LoadSpec
  double synchronous_matrix = 1;
  Ps stage_latency = 0;
  Ps task_start = 0;
  double clock = 0;  // hertz

  /// Of matrix products on operands of a dtype: of the next wider one where there is no such unit,
  /// and of the vector unit where there is none at all.
  double matrix_ps(DType dtype) const;
};

/// The clock a machine's cores run at under load, in hertz; 0 when it states none.
double running_clock(const MachineSpec& machine);

/// Names what the machine does not state and time cannot do without in `missing`, as paths.
CoreRates core_rates(const MachineSpec& machine, std::vector<std::string>& missing);

}  // namespace attnsim::replay::time
