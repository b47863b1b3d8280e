// The sections of a machine that say how fast its cores are: `units`, `core` and `load`.
#pragma once

#include <vector>

#include "sim/config/schema.h"
#include "sim/core/machine_spec.h"

namespace attnsim::config {

void read_units(const Cursor& value, UnitSpec& out);
void read_core(const Cursor& value, CoreSpec& out);
void read_load(const Cursor& value, LoadSpec& out);

std::vector<FieldDoc> unit_fields();
std::vector<FieldDoc> core_fields();
std::vector<FieldDoc> load_fields();

}  // namespace attnsim::config
