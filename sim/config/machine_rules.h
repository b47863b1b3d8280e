// What must hold between the parts of a machine, checked after each part was read without faults.
#pragma once

#include <vector>

#include "sim/config/cursor.h"
#include "sim/core/machine_spec.h"

namespace attnsim::config {

/// The memories form a tree: every parent exists and is no inner one of its child, all chains end
/// at the last memory, and that is a DRAM per device. Lines divide into sectors; only caches have
/// the keys of caches. `memories` is the map the spec was read from.
void check_memories(const Cursor& memories, const MachineSpec& machine);

/// Simulated caches can be simulated, alone and one inside the other, and something passes them.
/// REQUIRES: the checks of memories and roles found nothing.
void check_caches(const Cursor& memories, const MachineSpec& machine);

/// Records faults of a cache at the keys they are about; where it has no such key, at the cache.
void add_cache_faults(const Cursor& cache, const std::vector<CacheFault>& faults);

/// Every role lives in a scratchpad or in registers that exist.
void check_roles(const Cursor& roles, const MachineSpec& machine);

}  // namespace attnsim::config
