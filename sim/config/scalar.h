// Scalars of configuration files, read strictly: what looks odd is refused, never guessed.
//
// Integers: decimal digits with an optional minus; no plus, leading zeros, hexadecimal, fraction or
// exponent. Reals: JSON numbers. Booleans: `true` and `false` only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace attnsim::config {

/// The text in single quotes for a message: control characters escaped, long texts shortened.
std::string quote(std::string_view text);

/// Shortens a long text as quote() does, without the quotes.
std::string shorten(std::string_view text, std::size_t longest);

std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_real(std::string_view text);
std::optional<bool> parse_boolean(std::string_view text);

/// True for 007 and -007: digits that other readers would take for an octal number.
bool has_leading_zeros(std::string_view text);

/// A number in exact decimal form: (-1)^negative * digits * 10^exponent.
struct Decimal {
  bool negative = false;
  std::string digits{};  // at least one
  int exponent = 0;

  bool is_zero() const;
  /// The nearest double; empty when it is out of range.
  std::optional<double> to_double() const;
};

/// Reads a JSON number from the front of `text` and removes it; empty when there is none.
std::optional<Decimal> take_decimal(std::string_view& text);

}  // namespace attnsim::config
