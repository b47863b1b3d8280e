// How many tasks of a kernel a core holds at once.
#pragma once

#include <cstdint>

#include "sim/replay/replay.h"

namespace attnsim::replay::time {

/// As many as the core's threads, registers, scratchpad and places for tasks allow, at least 1. The
/// scratchpad bytes of a task are those of the kernel's first, with a second buffer for what its
/// loops load where the kernel has one. A kernel whose CTAs stay has one place per CTA all the
/// same.
std::int64_t places_per_core(const PlannedRun& planned, const Kernel& kernel);

}  // namespace attnsim::replay::time
