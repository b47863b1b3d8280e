// The `hardware` section: a machine.
#pragma once

#include <optional>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/schema.h"
#include "sim/core/machine_spec.h"

namespace attnsim::config {

/// Reads a machine whose `extends` is resolved; empty when there were faults.
std::optional<MachineSpec> read_machine(const Cursor& map);

/// The keys of a machine, its roles and its units, for the manual.
std::vector<FieldDoc> machine_fields();
std::vector<FieldDoc> role_fields();

}  // namespace attnsim::config
