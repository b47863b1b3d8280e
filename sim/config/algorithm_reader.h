// The `algorithm` section: a name of the catalogue, tile sizes, and the parameters it declares.
#pragma once

#include <optional>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/schema.h"
#include "sim/core/run_spec.h"

namespace attnsim::config {

/// Reads an algorithm in long form; empty when there were faults. Parameters that are not given get
/// their declared default.
std::optional<AlgorithmChoice> read_algorithm(const Cursor& map, const Catalogue& catalogue);

/// The keys that every algorithm has, for the manual.
std::vector<FieldDoc> algorithm_fields();

}  // namespace attnsim::config
