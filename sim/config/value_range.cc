#include "sim/config/value_range.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>

#include "sim/config/argument.h"
#include "sim/config/quantity.h"
#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

constexpr std::string_view kDots = " .. ";
constexpr const char* kRules = "'step S', 'linear N', 'log2' or 'log2 N' after the ends of a range";

enum class Rule { step, linear, doubling, log2 };

/// A range, taken apart.
struct Parts {
  std::string_view from, to, argument;
  Rule rule = Rule::step;
};

std::optional<Parts> parts_of(std::string_view text) {
  const std::size_t dots = text.find(kDots);
  Parts out{.from = trimmed(text.substr(0, dots)), .to = {}, .argument = {}};
  const std::string_view rest = text.substr(dots + kDots.size());
  constexpr std::array<std::string_view, 3> kWords = {" step", " linear", " log2"};
  for (std::size_t i = 0; i < kWords.size(); ++i) {
    const std::size_t at = rest.find(kWords[i]);
    if (at == std::string_view::npos) continue;
    out.to = trimmed(rest.substr(0, at));
    const std::string_view after = rest.substr(at + kWords[i].size());
    out.argument = trimmed(after);
    if (!after.empty() && after[0] != ' ') return std::nullopt;
    out.rule = i == 0 ? Rule::step : i == 1 ? Rule::linear : Rule::log2;
    if (out.argument.empty()) {
      if (out.rule != Rule::log2) return std::nullopt;
      out.rule = Rule::doubling;
    }
    return out;
  }
  return std::nullopt;
}

/// What the ends have in common: how a text becomes a number and a number a text.
enum class Scale { integers, bytes, words, reals };

struct Value {
  std::int64_t whole = 0;  // of all but reals
  double real = 0;
};

struct Number {
  double value = 0;
  std::string_view unit;
};

std::optional<Number> number_of(std::string_view text) {
  const std::optional<Decimal> decimal = take_decimal(text);
  const std::optional<double> value = decimal ? decimal->to_double() : std::nullopt;
  return value ? std::optional(Number{*value, trimmed(text)}) : std::nullopt;
}

/// The value of a text on a scale; `unit` is that of reals.
std::optional<Value> value_on(Scale scale, std::string_view unit, std::string_view text) {
  if (scale == Scale::integers) {
    const std::optional<std::int64_t> value = parse_integer(text);
    return value ? std::optional(Value{.whole = *value}) : std::nullopt;
  }
  if (scale == Scale::reals) {
    const std::optional<Number> number = number_of(text);
    const bool ours = number && number->unit == unit;
    return ours ? std::optional(Value{.real = number->value}) : std::nullopt;
  }
  const std::optional<Capacity> size = parse_size(text, true).value;
  if (!size || size->in_words != (scale == Scale::words)) return std::nullopt;
  return Value{.whole = static_cast<std::int64_t>(size->amount)};
}

/// The first scale that both ends are on.
std::optional<Scale> common_scale(const Parts& parts, std::string_view unit) {
  for (const Scale scale : {Scale::integers, Scale::bytes, Scale::words, Scale::reals}) {
    if (value_on(scale, unit, parts.from) && value_on(scale, unit, parts.to)) return scale;
  }
  return std::nullopt;
}

/// Exact, in the largest binary unit that keeps it whole.
std::string bytes_text(std::int64_t bytes) {
  constexpr std::array<const char*, 5> kUnits = {"B", "KiB", "MiB", "GiB", "TiB"};
  std::size_t unit = 0;
  while (unit + 1 < kUnits.size() && bytes % 1024 == 0) {
    bytes /= 1024;
    ++unit;
  }
  return std::to_string(bytes) + " " + kUnits[unit];
}

std::string text_of(Scale scale, std::string_view unit, const Value& value) {
  if (scale == Scale::integers) return std::to_string(value.whole);
  if (scale == Scale::bytes) return bytes_text(value.whole);
  if (scale == Scale::words) return std::to_string(value.whole) + " words";
  constexpr int kDigits = 12;  // hides what adding up steps leaves: 0.30000000000000004
  std::array<char, 64> buffer{};
  const auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.real,
                                          std::chars_format::general, kDigits);
  return std::string(buffer.data(), end) + (unit.empty() ? "" : " ") + std::string(unit);
}

/// Why a range is none, or its values.
struct Expansion {
  std::vector<Value> values{};
  std::string fault{};
};

Expansion too_many() {
  return {.fault = "a range has at most " + std::to_string(kMostValues) + " values"};
}

Expansion by_step(Scale scale, const Value& from, const Value& to, const Value& step) {
  if (step.whole <= 0 && step.real <= 0) return {.fault = "expected a step above 0"};
  const bool real = scale == Scale::reals;
  const double last =
      real ? std::floor((to.real - from.real) / step.real + 1e-9)
           : std::floor((static_cast<double>(to.whole) - static_cast<double>(from.whole)) /
                        static_cast<double>(step.whole));
  if (last >= static_cast<double>(kMostValues)) return too_many();
  Expansion out;
  for (std::int64_t i = 0; i <= static_cast<std::int64_t>(last); ++i) {
    out.values.push_back(real ? Value{.real = from.real + static_cast<double>(i) * step.real}
                              : Value{.whole = from.whole + i * step.whole});
  }
  return out;
}

Expansion by_doubling(Scale scale, const Value& from, const Value& to) {
  Expansion out;
  if (scale == Scale::reals) {
    for (double v = from.real; v <= to.real; v *= 2) out.values.push_back({.real = v});
    return out;
  }
  for (std::int64_t v = from.whole;; v *= 2) {
    out.values.push_back({.whole = v});
    if (v > to.whole / 2) return out;
  }
}

/// `count` values on a straight line between the ends, or their logarithms.
Expansion by_count(Scale scale, Rule rule, const Value& from, const Value& to, std::int64_t count) {
  Expansion out;
  const double first = scale == Scale::reals ? from.real : static_cast<double>(from.whole);
  const double last = scale == Scale::reals ? to.real : static_cast<double>(to.whole);
  for (std::int64_t i = 0; i < count; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(count - 1);
    const double value = rule == Rule::linear ? first + (last - first) * share
                                              : first * std::exp2(std::log2(last / first) * share);
    out.values.push_back(scale == Scale::reals ? Value{.real = value}
                                               : Value{.whole = std::llround(value)});
  }
  out.values.front() = from;
  out.values.back() = to;
  return out;
}

bool less(Scale scale, const Value& a, const Value& b) {
  return scale == Scale::reals ? a.real < b.real : a.whole < b.whole;
}

/// REQUIRES: both ends are on the scale.
Expansion expanded(const Parts& parts, Scale scale, std::string_view unit) {
  const Value from = *value_on(scale, unit, parts.from);
  const Value to = *value_on(scale, unit, parts.to);
  if (less(scale, to, from)) {
    return {.fault = "empty range: " + quote(parts.from) + " is above " + quote(parts.to)};
  }
  const bool logarithmic = parts.rule == Rule::doubling || parts.rule == Rule::log2;
  if (logarithmic && !less(scale, {}, from)) return {.fault = "a log2 range starts above 0"};
  if (parts.rule == Rule::doubling) return by_doubling(scale, from, to);
  if (parts.rule == Rule::step) {
    const std::optional<Value> step = value_on(scale, unit, parts.argument);
    if (!step) {
      return {.fault = "expected a step in the unit of " + quote(parts.from) + ", got " +
                       quote(parts.argument)};
    }
    return by_step(scale, from, to, *step);
  }
  const std::optional<std::int64_t> count = parse_integer(parts.argument);
  if (!count || *count < 2) {
    return {.fault = "expected a number of values of at least 2, got " + quote(parts.argument)};
  }
  if (*count > static_cast<std::int64_t>(kMostValues)) return too_many();
  return by_count(scale, parts.rule, from, to, *count);
}

}  // namespace

bool is_range(const Node& node) {
  return node.is_scalar() && !node.quoted && node.text.find(kDots) != std::string::npos;
}

std::vector<std::string> expand_range(const Cursor& value) {
  const std::optional<Parts> parts = parts_of(value.node().text);
  if (!parts) {
    value.expected(kRules);
    return {};
  }
  const std::optional<Number> first = number_of(parts->from);
  const std::string_view unit = first ? first->unit : std::string_view();
  const std::optional<Scale> scale = common_scale(*parts, unit);
  if (!scale) {
    value.fault("expected two numbers of one unit around '..', got " + quote(parts->from) +
                " and " + quote(parts->to));
    return {};
  }
  const Expansion found = expanded(*parts, *scale, unit);
  std::vector<std::string> texts;
  for (const Value& v : found.values) {
    texts.push_back(text_of(*scale, unit, v));
    if (texts.size() < 2 || texts.back() != texts[texts.size() - 2]) continue;
    value.fault("the range holds " + quote(texts.back()) + " more than once");
    return {};
  }
  if (!found.fault.empty()) value.fault(found.fault);
  return texts;
}

}  // namespace attnsim::config
