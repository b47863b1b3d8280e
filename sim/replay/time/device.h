// All cores of a device and what they share: kernels run on it one after another.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/progress.h"
#include "sim/replay/time/core.h"
#include "sim/replay/time/memory_system.h"

namespace attnsim::replay::time {

/// How a kernel went.
struct KernelRun {
  Ps begin = 0, end = 0;  // of its first task's start and its last store
  std::int64_t places_per_core = 0;
  UnitWorkSums work{};  // all cores together
};

class Device {
 public:
  /// References all; `listener` and `progress` may be null.
  Device(const PlannedRun& planned, const CoreRates& rates, Repetition repetition,
         Listener* listener, Progress* progress);

  /// Runs a kernel from `begin` on, to its end.
  KernelRun run(const Kernel& kernel, Ps begin);

  const MemorySystem& memory() const { return memory_; }

 private:
  const PlannedRun& planned_;
  const CoreRates& rates_;
  bool skip_copies_;
  Listener* listener_;
  Progress* progress_;
  MemorySystem memory_;
};

}  // namespace attnsim::replay::time
