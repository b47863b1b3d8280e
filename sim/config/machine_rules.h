// What must hold between the parts of a machine, checked after each part was read without faults.
#pragma once

#include "sim/config/cursor.h"
#include "sim/core/machine_spec.h"

namespace attnsim::config {

/// The memories form a tree: every parent exists and is no inner one of its child, all chains end
/// at the last memory, and that is a DRAM per device. Lines divide into sectors; only caches have
/// the keys of caches. `memories` is the map the spec was read from.
void check_memories(const Cursor& memories, const MachineSpec& machine);

/// Simulated caches can be simulated, alone and one inside the other. REQUIRES: check_memories()
/// found nothing.
void check_caches(const Cursor& memories, const MachineSpec& machine);

/// Every role lives in a scratchpad or in registers that exist.
void check_roles(const Cursor& roles, const MachineSpec& machine);

}  // namespace attnsim::config
