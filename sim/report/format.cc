#include "sim/report/format.h"

#include <cmath>
#include <iterator>
#include <type_traits>
#include <variant>

#include <fmt/format.h>

namespace attnsim::report {
namespace {

// 2^53: below it every integer has its own double.
constexpr double kExactLimit = 9007199254740992.0;

// Three significant digits of a value in [1, 1000).
std::string three_digits(double value) {
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", value, decimals);
}

/// A value below a thousand of its unit, with the prefix that brings it to 1 or above.
std::string with_small_prefix(double value, std::string_view unit) {
  constexpr std::string_view kPrefixes[] = {"", "m", "u", "n", "p"};
  if (value == 0) return fmt::format("0 {}", unit);
  std::size_t prefix = 0;
  while (value < 0.9995 && prefix + 1 < std::size(kPrefixes)) {
    value *= 1000;
    ++prefix;
  }
  if (value < 0.9995) return fmt::format("{:.2g} {}{}", value, kPrefixes[prefix], unit);
  return fmt::format("{} {}{}", three_digits(value), kPrefixes[prefix], unit);
}

}  // namespace

std::string thousands(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string human_bytes(Bytes bytes) { return human_bytes(static_cast<double>(bytes.count)); }

std::string human_bytes(double bytes) {
  constexpr std::string_view kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (!std::isfinite(bytes)) return "-";
  if (bytes < 1024) return fmt::format("{:.4g} B", bytes);
  double value = bytes / 1024;
  std::size_t unit = 0;
  // What would round up to 1024.0 is one of the next unit.
  while (value >= 1023.95 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string si(double value) {
  constexpr std::string_view kPrefixes = "kMGTPEZY";
  if (!std::isfinite(value) || std::fabs(value) < 999.5) return fmt::format("{:.3g}", value);
  std::size_t prefix = 0;
  double scaled = std::fabs(value) / 1000;
  while (scaled >= 999.5 && prefix + 1 < kPrefixes.size()) {
    scaled /= 1000;
    ++prefix;
  }
  return fmt::format("{}{} {}", value < 0 ? "-" : "", three_digits(scaled), kPrefixes[prefix]);
}

std::string human_seconds(double seconds) {
  if (!(seconds >= 0)) return "-";
  return seconds < 999.5 ? with_small_prefix(seconds, "s") : number(std::round(seconds)) + " s";
}

std::string human_joules(double joules) {
  if (!(joules >= 0)) return "-";
  return joules < 999.5 ? with_small_prefix(joules, "J") : si(joules) + "J";
}

std::string ratio(double value) {
  if (!std::isfinite(value) || value <= 0) return "-";
  if (value < 0.095 || value >= 1e15) return fmt::format("x{:.2g}", value);
  if (value < 999.5) return "x" + three_digits(value);
  return "x" + thousands(static_cast<std::uint64_t>(std::llround(value)));
}

std::string percent(double fraction) {
  if (fraction > 0 && fraction < 0.0005) return "< 0.1 %";
  return fmt::format("{:.1f} %", fraction * 100);
}

std::string number(double value) {
  const double size = std::fabs(value);
  if (!(size < kExactLimit)) return fmt::format("{:.6g}", value);
  const std::string sign = value < 0 ? "-" : "";
  if (is_exact_integer(value)) return sign + thousands(static_cast<std::uint64_t>(size));
  if (size < 1000) return fmt::format("{:.6g}", value);
  const auto tenths = static_cast<std::uint64_t>(std::llround(size * 10));
  return fmt::format("{}{}.{}", sign, thousands(tenths / 10), tenths % 10);
}

bool is_exact_integer(double value) {
  return std::fabs(value) < kExactLimit && std::trunc(value) == value;
}

std::string param_text(const ParamValue& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        if constexpr (std::is_same_v<std::decay_t<decltype(v)>, std::string>) {
          return v;
        } else {
          return fmt::format("{}", v);
        }
      },
      value);
}

std::string_view param_type_name(ParamType type) {
  constexpr std::string_view kNames[] = {"boolean", "integer", "real", "choice", "text"};
  return kNames[static_cast<int>(type)];
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

}  // namespace attnsim::report
