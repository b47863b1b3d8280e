// Does a trace compute what its algorithm declares? Executes it and compares with the reference.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/result.h"
#include "sim/replay/numbers.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {

/// Executes the run on seeded inputs and compares with the reference of its function: O, and LSE
/// where the algorithm gives it, in a forward pass; dQ, dK and dV, element by element, in a
/// backward one. A backward pass by itself finds O and LSE (or their parts, or P) as the reference
/// gives them. Of the parameter gradient it is dX. Also counts it with and without its copies left
/// out. Never throws for a wrong or illegal trace: that is a failed case.
VerifyCase verify(const RunSpec& run, Arithmetic arithmetic);

/// The same for a schedule that is not registered (a test's), of a function by its name.
VerifyCase verify(const RunSpec& run, const Schedule& schedule, Arithmetic arithmetic,
                  const std::string& function = kAttention);

/// Workloads and tiles to try one algorithm on, on the two-level machine: ragged lengths, seqlen_q
/// != seqlen_kv either way, causal, windows, GQA, several batches, head_dim 32 to 256, every value
/// of boolean parameters and choices. Deterministic in (info, seed). Empty for an algorithm that is
/// read from a file.
std::vector<RunSpec> verification_grid(const AlgorithmInfo& info, std::size_t cases,
                                       std::uint64_t seed);

}  // namespace attnsim::replay
