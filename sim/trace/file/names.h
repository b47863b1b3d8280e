// The names that a trace file uses instead of numbers: a number means what its own file's list of
// names says, whatever it meant to the program that wrote it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "sim/core/run_spec.h"
#include "sim/trace/tensor.h"
#include "sim/trace/tile_op.h"

namespace attnsim::trace_file {

// In the order of the numbers of this program.
std::span<const std::string_view> op_names();
std::span<const std::string_view> role_names();
std::span<const std::string_view> tensor_role_names();
/// Of the bits of TileOp::flags, lowest first.
std::span<const std::string_view> flag_names();

std::string_view name(TensorRole role);

/// The position of a name; empty when it is not there.
std::optional<std::uint8_t> position_of(std::string_view name,
                                        std::span<const std::string_view> names);

/// The inverse of name(TileRule).
std::optional<TileRule> tile_rule_from_name(std::string_view text);

}  // namespace attnsim::trace_file
