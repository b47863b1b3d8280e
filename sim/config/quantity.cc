#include "sim/config/quantity.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>

#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

/// A unit and its size: 10^power10 * 2^power2 base units.
struct Unit {
  std::string_view symbol;
  int power10 = 0;
  int power2 = 0;
};

constexpr Unit kSizes[] = {{"B"},          {"KiB", 0, 10}, {"MiB", 0, 20},
                           {"GiB", 0, 30}, {"TiB", 0, 40}, {"KB", 3},
                           {"MB", 6},      {"GB", 9},      {"TB", 12}};
constexpr Unit kByteRates[] = {
    {"B/s"},      {"KB/s", 3},      {"MB/s", 6},      {"GB/s", 9},      {"TB/s", 12},
    {"PB/s", 15}, {"KiB/s", 0, 10}, {"MiB/s", 0, 20}, {"GiB/s", 0, 30}, {"TiB/s", 0, 40}};
constexpr Unit kFrequencies[] = {{"Hz"}, {"kHz", 3}, {"MHz", 6}, {"GHz", 9}};
constexpr Unit kTimes[] = {{"ps", -12}, {"ns", -9}, {"us", -6}, {"ms", -3}, {"s"}};
constexpr Unit kFlopRates[] = {{"FLOP/s"}, {"GFLOP/s", 9}, {"TFLOP/s", 12}, {"PFLOP/s", 15}};
constexpr Unit kOpRates[] = {{"op/s"}, {"Gop/s", 9}, {"Top/s", 12}};
constexpr Unit kEnergies[] = {{"pJ/B", -12}, {"nJ/B", -9}, {"J/B"}};
constexpr Unit kPercents[] = {{"%", -2}};
constexpr Unit kClocks[] = {{"clk"}};
constexpr Unit kJoules[] = {{"pJ", -12}, {"nJ", -9}, {"uJ", -6}, {"mJ", -3}, {"J"}, {"kJ", 3}};

struct QuantityRow {
  std::string_view noun;     // as in "a positive size"
  std::string_view article;  // as in "a size with a unit"
  std::span<const Unit> units;
  bool zero = false;  // zero is a value
};

const QuantityRow& row(Quantity quantity) {
  static constexpr QuantityRow kRows[] = {
      {"size", "a size", kSizes},
      {"byte rate", "a byte rate", kByteRates},
      {"frequency", "a frequency", kFrequencies},
      {"time", "a time", kTimes, true},
      {"FLOP rate", "a FLOP rate", kFlopRates},
      {"operation rate", "an operation rate", kOpRates},
      {"energy", "an energy", kEnergies, true},
      {"percentage", "a percentage", kPercents, true},
      {"percentage", "a percentage", kPercents},
      {"number of clocks", "a number of clocks", kClocks, true},
      {"amount of energy", "an amount of energy", kJoules, true},
  };
  return kRows[static_cast<int>(quantity)];
}

/// A number and its unit, split; `unit` is empty when the unit is not one of the quantity.
struct Split {
  std::optional<Decimal> number{};
  std::optional<Unit> unit{};
};

Split split(std::string_view text, std::span<const Unit> units) {
  Split out;
  out.number = take_decimal(text);
  if (!out.number) return out;
  while (text.starts_with(' ')) text.remove_prefix(1);
  for (const Unit& unit : units) {
    if (unit.symbol == text) out.unit = unit;
  }
  return out;
}

/// digits * 10^exponent * 2^power2 as an exact integer below 2^63; empty when it is none.
/// `whole` tells the two reasons apart: false when there is a fraction left.
std::optional<std::uint64_t> exact_integer(const Decimal& number, int power2, bool& whole) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::string digits = number.digits;
  int exponent = number.exponent;
  while (digits.size() > 1 && digits.back() == '0') {
    digits.pop_back();
    ++exponent;
  }
  whole = true;
  std::uint64_t value = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (value > (kMost - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  for (; exponent < 0; ++exponent) {  // divide by 10 = 5 * 2
    whole = whole && value % 5 == 0;
    if (!whole) return std::nullopt;
    value /= 5;
    --power2;
  }
  for (; power2 < 0; ++power2) {
    whole = whole && value % 2 == 0;
    if (!whole) return std::nullopt;
    value /= 2;
  }
  for (; exponent > 0 && value <= kMost / 10; --exponent) value *= 10;
  for (; power2 > 0 && value <= kMost / 2; --power2) value *= 2;
  if (exponent > 0 || power2 > 0) return std::nullopt;
  return value;
}

}  // namespace

std::string quantity_description(Quantity quantity) {
  const QuantityRow& q = row(quantity);
  std::string out = std::string(q.article) + " with a unit (";
  for (std::size_t i = 0; i < q.units.size(); ++i) {
    out += (i > 0 ? ", " : "") + std::string(q.units[i].symbol);
  }
  return out + ")";
}

Parsed<Capacity> parse_size(std::string_view text, bool allow_words) {
  constexpr Unit kWords[] = {{"words"}};
  const Split words = split(text, kWords);
  const bool in_words = allow_words && words.unit;
  const Split parts = in_words ? words : split(text, kSizes);
  if (!parts.number || !parts.unit) {
    std::string expected = quantity_description(Quantity::size);
    if (allow_words) expected.insert(expected.size() - 1, ", words");
    return {.expected = expected};
  }
  if (parts.number->negative || parts.number->is_zero()) return {.expected = "a positive size"};
  bool whole = true;
  const int power10 = parts.unit->power10;
  Decimal number = *parts.number;
  number.exponent += power10;
  const std::optional<std::uint64_t> amount = exact_integer(number, parts.unit->power2, whole);
  const std::string noun = in_words ? "words" : "bytes";
  if (!whole) return {.expected = "a whole number of " + noun};
  if (!amount) return {.expected = "a size below 2^63 " + noun};
  return {.value = Capacity{.amount = *amount, .in_words = in_words}};
}

Parsed<double> parse_quantity(std::string_view text, Quantity quantity) {
  const QuantityRow& q = row(quantity);
  const Split parts = split(text, q.units);
  if (!parts.number || !parts.unit) return {.expected = quantity_description(quantity)};
  const bool zero = parts.number->is_zero();
  if ((parts.number->negative && !zero) || (zero && !q.zero)) {
    const std::string lowest = q.zero ? "a non-negative " : "a positive ";
    return {.expected = lowest + std::string(q.noun)};
  }
  Decimal number = *parts.number;
  number.exponent += parts.unit->power10;
  const std::optional<double> value = number.to_double();
  const double scaled = value ? std::ldexp(*value, parts.unit->power2) : 0;
  if (!value || !std::isfinite(scaled)) {
    return {.expected = std::string(q.article) + " within the range of a double"};
  }
  return {.value = zero ? 0 : scaled};
}

}  // namespace attnsim::config
