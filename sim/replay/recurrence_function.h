// Linear attention with a decaying state, as verification sees it (sim/replay/function.h).
#pragma once

#include <memory>

#include "sim/replay/function.h"

namespace attnsim::replay {

std::unique_ptr<Function> recurrence_function(const Workload& workload, const Program& program,
                                              const TensorValues& values);

}  // namespace attnsim::replay
