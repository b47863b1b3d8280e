// A whole run: the root of a run file, or the `run` of a check.
#pragma once

#include <optional>
#include <vector>

#include "sim/config/cursor.h"
#include "sim/config/resolve.h"
#include "sim/config/schema.h"
#include "sim/core/run_spec.h"

namespace attnsim::config {

/// Gives a run that has no algorithm or no hardware the default one.
Node with_default_sections(Node run);

/// Reads a run in long form whose own `extends` is resolved, resolving those of its sections; empty
/// when there were faults.
std::optional<RunSpec> read_run(const Cursor& map, const Catalogue& catalogue, Resolver& resolver);

/// The run that a section of another file states, ready for read_run: a map, usually {extends:
/// FILE}, or a file name alone. Empty when there were faults.
std::optional<Node> run_section(const Cursor& value, Resolver& resolver);

/// The keys of a run, for the manual.
std::vector<FieldDoc> run_fields();

}  // namespace attnsim::config
