// What the command line changes about a run.
#pragma once

#include <optional>
#include <string_view>

#include "sim/config/config.h"
#include "sim/config/faults.h"
#include "sim/config/node.h"

namespace attnsim::config {

/// The run with the overrides applied; it must be in long form, and the result is. Faults of the
/// arguments themselves (no `=`, an empty path) are recorded; whether a path exists shows when
/// the run is read.
Node apply_overrides(Node run, const Overrides& overrides, Faults& faults);

/// A tree of maps with one leaf: `value` at a.b.c. All its maps and keys stand at `at`. Empty when
/// `path` is no path: a part of it is empty, or there are too many.
std::optional<Node> tree_at(std::string_view path, Node value, const Position& at);

}  // namespace attnsim::config
