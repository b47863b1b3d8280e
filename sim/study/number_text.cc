#include "sim/study/number_text.h"

#include <charconv>
#include <cmath>
#include <iterator>

namespace attnsim::study {
namespace {

// 2^53: below it every integer has its own double.
constexpr double kExactLimit = 9007199254740992.0;

template <typename... Format>
std::string shortest(double value, Format... format) {
  char buffer[400];
  const auto end = std::to_chars(std::begin(buffer), std::end(buffer), value, format...).ptr;
  return {std::begin(buffer), end};
}

}  // namespace

std::string count_text(std::uint64_t count) {
  std::string text = std::to_string(count);
  for (std::size_t at = text.size(); at > 3;) {
    at -= 3;
    text.insert(at, 1, ',');
  }
  return text;
}

std::string number_text(double value) {
  const double size = std::fabs(value);
  const std::string sign = value < 0 ? "-" : "";
  if (size < kExactLimit && std::trunc(size) == size) {
    return sign + count_text(static_cast<std::uint64_t>(size));
  }
  if (!(size >= 1000 && size < kExactLimit)) return shortest(value, std::chars_format::general, 6);
  const auto tenths = static_cast<std::uint64_t>(std::llround(size * 10));
  return sign + count_text(tenths / 10) + '.' + std::to_string(tenths % 10);
}

std::string percent_text(double fraction) {
  if (fraction > 0 && fraction < 0.0005) return "< 0.1 %";
  return shortest(fraction * 100, std::chars_format::fixed, 1) + " %";
}

std::string factor_text(double factor) {
  std::string text = shortest(factor, std::chars_format::fixed);
  const std::size_t point = text.find('.');
  if (point == std::string::npos) return text + ".00";
  if (text.size() - point == 2) text += '0';
  return text;
}

}  // namespace attnsim::study
