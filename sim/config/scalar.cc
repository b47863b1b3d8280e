#include "sim/config/scalar.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace attnsim::config {
namespace {

constexpr std::size_t kLongestQuote = 48;
constexpr int kLargestExponent = 9999;  // keeps sums of exponents far from overflow

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t count_digits(std::string_view text) {
  std::size_t n = 0;
  while (n < text.size() && is_digit(text[n])) ++n;
  return n;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Bytes of `text` to keep so that no UTF-8 sequence is cut.
std::size_t cut_point(std::string_view text, std::size_t longest) {
  std::size_t n = longest;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xc0) == 0x80) --n;
  return n;
}

/// Removes "e-12" from the front of `text`; 0 when there is none, empty when it is too large.
std::optional<int> take_exponent(std::string_view& text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  std::size_t start = 1;
  const bool negative = start < text.size() && text[start] == '-';
  if (start < text.size() && (text[start] == '-' || text[start] == '+')) ++start;
  const std::size_t n = count_digits(text.substr(start));
  if (n == 0) return 0;
  int value = 0;
  const char* first = text.data() + start;
  const auto [end, error] = std::from_chars(first, first + n, value);
  if (error != std::errc() || value > kLargestExponent) return std::nullopt;
  text.remove_prefix(start + n);
  return negative ? -value : value;
}

}  // namespace

std::string shorten(std::string_view text, std::size_t longest) {
  std::string out;
  const bool cut = text.size() > longest;
  for (const char c : cut ? text.substr(0, cut_point(text, longest)) : text) {
    constexpr char kHex[] = "0123456789abcdef";
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (is_control(c)) {
      out += {'\\', 'x', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
    } else {
      out += c;
    }
  }
  return cut ? out + "..." : out;
}

std::string quote(std::string_view text) { return "'" + shorten(text, kLongestQuote) + "'"; }

bool has_leading_zeros(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return text.size() > 1 && text[0] == '0' && std::all_of(text.begin(), text.end(), is_digit);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  if (error != std::errc() || end != last || has_leading_zeros(text)) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  const std::optional<Decimal> decimal = take_decimal(text);
  if (!decimal || !text.empty()) return std::nullopt;
  return decimal->to_double();
}

std::optional<bool> parse_boolean(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

bool Decimal::is_zero() const {
  return std::all_of(digits.begin(), digits.end(), [](char c) { return c == '0'; });
}

std::optional<double> Decimal::to_double() const {
  const std::string text = (negative ? "-" : "") + digits + "e" + std::to_string(exponent);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

std::optional<Decimal> take_decimal(std::string_view& text) {
  std::string_view rest = text;
  Decimal decimal;
  decimal.negative = rest.starts_with('-');
  if (decimal.negative) rest.remove_prefix(1);
  const std::size_t whole = count_digits(rest);
  if (whole == 0 || (whole > 1 && rest[0] == '0')) return std::nullopt;
  decimal.digits = rest.substr(0, whole);
  rest.remove_prefix(whole);
  if (rest.starts_with('.')) {
    const std::size_t fraction = count_digits(rest.substr(1));
    if (fraction == 0) return std::nullopt;
    decimal.digits += rest.substr(1, fraction);
    decimal.exponent = -static_cast<int>(fraction);
    rest.remove_prefix(1 + fraction);
  }
  const std::optional<int> exponent = take_exponent(rest);
  if (!exponent) return std::nullopt;
  decimal.exponent += *exponent;
  text = rest;
  return decimal;
}

}  // namespace attnsim::config
