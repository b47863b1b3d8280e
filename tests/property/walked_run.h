// A random problem, walked element by element and run by the simulator.
#pragma once

#include <cstdint>
#include <optional>

#include "sim/replay/replay.h"
#include "tests/support/element_walker.h"

namespace attnsim {

/// Both ends included.
std::int64_t any_from(std::int64_t low, std::int64_t high, const char* what);
std::optional<std::int64_t> maybe_from(std::int64_t low, std::int64_t high, const char* what);

/// Ragged lengths, either one longer, windows beyond both, grouped heads, blocks beyond the length.
walker::WalkCase any_problem(walker::Algorithm algorithm);

/// The same of unfused attention in a library's kernels: any of those that scripts have.
walker::WalkCase any_pytorch_problem(walker::Algorithm algorithm);

/// Whether a block of Br (packed) rows and one of Bc keys, neither of them clipped, see each other
/// within the limits.
bool some_whole_tile_is_visited(const walker::WalkCase& w, std::int64_t group);

/// The run of the simulator that the walk describes, on a two-level machine of `capacity` words. A
/// block mask is the caller's to add.
RunSpec run_of(const walker::WalkCase& w, std::int64_t capacity, DType dtype);

/// Replay, walker and formula agree, tensor by tensor; fails the property otherwise.
Result expect_agreement(const replay::PlannedRun& planned, const walker::WalkCase& w);

}  // namespace attnsim
