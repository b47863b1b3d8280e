// Numbers with units: `192 KiB`, `3.35 TB/s`, `1.41 GHz`. A bare number is never a quantity.
//
// Decimal prefixes are powers of ten, KiB, MiB, ... powers of two. Sizes are exact integers of
// bytes; everything else is a double in the base unit: B/s, Hz, s, FLOP/s, op/s, J/B, 1 (percent),
// clk, J.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sim/core/machine_spec.h"

namespace attnsim::config {

enum class Quantity {
  size,
  byte_rate,
  frequency,
  time,
  flop_rate,
  op_rate,
  energy,
  percent,
  share,  // a percentage above 0
  clocks,
  joules
};

/// "a size with a unit (B, KiB, ...)": what messages and the manual say is expected.
std::string quantity_description(Quantity quantity);

/// A value, or what should have been there: "a positive size".
template <typename T>
struct Parsed {
  std::optional<T> value{};
  std::string expected{};
};

/// Sizes are positive and whole numbers of bytes. `words` (a count of words instead of bytes) is a
/// unit only when allowed.
Parsed<Capacity> parse_size(std::string_view text, bool allow_words);

/// Any quantity as a double in its base unit. Negative values are refused, and so is zero except
/// for times, energies, clocks and percentages (but not shares).
Parsed<double> parse_quantity(std::string_view text, Quantity quantity);

}  // namespace attnsim::config
