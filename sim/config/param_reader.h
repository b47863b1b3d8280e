// Declared parameters of a component, as keys of a map.
#pragma once

#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/schema.h"
#include "sim/core/params.h"

namespace attnsim::config {

/// The keys, for check_keys and the manual.
std::vector<FieldDoc> param_fields(const std::vector<ParamSpec>& specs);

/// Reads those that are given; the others get their declared default. A fault leaves its parameter
/// out.
ParamValues read_params(const Cursor& map, const std::vector<ParamSpec>& specs);

}  // namespace attnsim::config
