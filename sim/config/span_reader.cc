// Spans given as options of the command line.
#include <optional>

#include "sim/config/argument.h"
#include "sim/config/config.h"
#include "sim/config/cursor.h"
#include "sim/config/quantity.h"
#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

/// The two ends of FROM-TO; a single value is both.
struct Ends {
  std::string_view from, to;
};

Ends ends_of(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return {trimmed(text), trimmed(text)};
  return {trimmed(text.substr(0, dash)), trimmed(text.substr(dash + 1))};
}

}  // namespace

TimeSpan load_time_span(const std::string& option, const std::string& text) {
  Faults faults;
  const Position at = origin(option, text);
  const std::string expected = "expected FROM-TO such as 10 us-20 us, got " + quote(text);
  if (text.find('-') == std::string::npos) {
    faults.add(at, "", expected);
    faults.throw_if_any();
  }
  const Ends ends = ends_of(text);
  const auto time = [&](std::string_view end) {
    const Node node = make_scalar(std::string(end), at);
    return Cursor(node, "", faults).quantity(Quantity::time);
  };
  const std::optional<double> from = time(ends.from);
  const std::optional<double> to = time(ends.to);
  if (from && to && *from >= *to) {
    faults.add(at, "", expected);
  }
  faults.throw_if_any();
  return {.from = *from, .to = *to};
}

CoreSpan load_core_span(const std::string& option, const std::string& text) {
  Faults faults;
  const Ends ends = ends_of(text);
  const std::optional<std::int64_t> first = parse_integer(ends.from);
  const std::optional<std::int64_t> last = parse_integer(ends.to);
  if (!first || !last || *first < 0 || *last < *first) {
    faults.add(origin(option, text), "", "expected cores such as 0-3 or 7, got " + quote(text));
  }
  faults.throw_if_any();
  return {.first = *first, .last = *last};
}

}  // namespace attnsim::config
