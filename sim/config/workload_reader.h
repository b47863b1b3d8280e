// The `workload` section: shapes, dtype, mask and pass of one attention call.
#pragma once

#include <optional>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/resolve.h"
#include "sim/config/schema.h"
#include "sim/core/run_spec.h"

namespace attnsim::config {

/// What counts (batch, heads, head_dim) and lengths may be.
inline constexpr Range kCountRange{.min = 1, .max = std::int64_t{1} << 20};
inline constexpr Range kLengthRange{.min = 1, .max = std::int64_t{1} << 30};

/// Records a fault when kv_heads does not divide heads, or a tensor is too large for 64-bit counts.
/// `map` has the keys of a workload.
void check_shape(const Cursor& map, const Workload& workload);

/// Reads a workload whose `extends` is resolved; empty when there were faults. A mask may be in a
/// file, which the resolver finds.
std::optional<Workload> read_workload(const Cursor& map, const Catalogue& catalogue,
                                      Resolver& resolver);

/// The keys of a workload, and of its window and dropout, for the manual.
std::vector<FieldDoc> workload_fields();
std::vector<FieldDoc> dropout_fields();
std::vector<FieldDoc> window_fields();

}  // namespace attnsim::config
