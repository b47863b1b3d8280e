// The `mask` of a workload: a generator by name, a map with its parameters, or the lists of a
// recorded mask, in place or in a file (docs/masks.md).
#pragma once

#include <optional>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/resolve.h"
#include "sim/config/schema.h"
#include "sim/core/run_spec.h"

namespace attnsim::config {

/// Reads the mask of a workload whose lengths and heads are known; empty when there were faults.
std::optional<MaskSpec> read_mask(const Cursor& value, const Workload& workload,
                                  const Catalogue& catalogue, Resolver& resolver);

/// `mask: name` as a map; anything else as it is.
Node mask_long_form(Node value);

/// The keys that every mask has, for the manual.
std::vector<FieldDoc> mask_fields();

}  // namespace attnsim::config
