// Independent pieces of work on all cores.
#pragma once

#include <cstddef>
#include <functional>

#include "sim/core/progress.h"

namespace attnsim::study {

/// Calls work(0) ... work(count - 1), each once, from up to `jobs` threads (0: one per core).
/// `progress` may be null; it is told one at a time. When a call throws no further one is started,
/// and the first exception is thrown on.
void parallel_for(std::size_t count, unsigned jobs, const std::function<void(std::size_t)>& work,
                  Progress* progress = nullptr);

}  // namespace attnsim::study
