// Ranges of values: one item of a list that stands for many.
//
//   1024 .. 8192 step 1024       from the first on, as long as the last is not passed
//   16 KiB .. 1 MiB linear 64    64 values, evenly spaced, both ends included
//   25 MiB .. 200 MiB log2       doubling, as long as the last is not passed
//   16 KiB .. 227 KiB log2 100   100 values, evenly spaced on a logarithmic scale
//
// Both ends are integers, sizes, or numbers of the same unit. Integers and sizes stay whole: values
// in between are rounded to the nearest integer, byte or word.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "sim/config/cursor.h"

namespace attnsim::config {

/// Longer ranges are refused.
inline constexpr std::size_t kMostValues = 100'000;

/// True for plain text with ` .. ` in it.
bool is_range(const Node& node);

/// The values, as a user would write them. Empty with a fault at `value` when it is no range, has
/// no value, or the same one twice. REQUIRES: is_range().
std::vector<std::string> expand_range(const Cursor& value);

}  // namespace attnsim::config
