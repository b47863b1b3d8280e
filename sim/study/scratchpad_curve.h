// I/O of algorithms that manage their memory themselves, against its capacity: what stands beside
// the curve of a cache.
#pragma once

#include <vector>

#include "sim/core/curve.h"
#include "sim/core/progress.h"
#include "sim/core/run_spec.h"

namespace attnsim::study {

struct ScratchpadRequest {
  Workload workload{};
  MachineSpec machine{};  // one memory that all roles share, before an unbounded one
  std::vector<AlgorithmChoice> algorithms{};
  std::vector<Bytes> capacities{};
};

/// The powers of two from the greatest not above `least` to the smallest not below `most`.
std::vector<Bytes> power_of_two_grid(Bytes least, Bytes most);

/// One series per algorithm: counts at the boundary outside the core, with the tiles that its
/// choice asks for; infeasible where it cannot be planned. A closed form is taken where there is
/// one (it equals the replay), else the trace is replayed.
std::vector<CurveSeries> scratchpad_series(const ScratchpadRequest& request,
                                           Progress* progress = nullptr);

}  // namespace attnsim::study
