#include "sim/config/cursor.h"

#include <algorithm>

#include "sim/config/scalar.h"
#include "sim/core/spelling.h"

namespace attnsim::config {

std::string join_path(const std::string& path, std::string_view key) {
  return path.empty() ? std::string(key) : path + "." + std::string(key);
}

std::string describe(const Node& node) {
  switch (node.kind) {
    case NodeKind::null:
      return "nothing";
    case NodeKind::map:
      return "a map";
    case NodeKind::sequence:
      return "a list";
    case NodeKind::scalar:
      break;
  }
  return quote(node.text);
}

std::string Range::description() const {
  if (max == std::numeric_limits<std::int64_t>::max()) {
    return "an integer of at least " + std::to_string(min);
  }
  return "an integer from " + std::to_string(min) + " to " + std::to_string(max);
}

Cursor Cursor::child(std::string_view key) const {
  const Entry* entry = node_->entry(key);
  return entry != nullptr ? child(*entry) : Cursor(*node_, join_path(path_, key), *faults_);
}

Cursor Cursor::item(std::size_t index) const {
  return {node_->items[index], path_ + "[" + std::to_string(index) + "]", *faults_};
}

void Cursor::expected(const std::string& what) const {
  fault("expected " + what + ", got " + describe(*node_));
}

std::optional<std::string_view> Cursor::plain() const {
  if (!node_->is_scalar() || node_->quoted) return std::nullopt;
  return node_->text;
}

std::optional<std::int64_t> Cursor::integer(const Range& range) const {
  const std::optional<std::string_view> text = plain();
  const std::optional<std::int64_t> value = text ? parse_integer(*text) : std::nullopt;
  if (value && *value >= range.min && *value <= range.max) return value;
  if (text && has_leading_zeros(*text)) {
    expected("an integer without leading zeros");
  } else if (node_->is_scalar() && node_->quoted) {
    expected("an integer without quotes");
  } else {
    expected(range.description());
  }
  return std::nullopt;
}

std::optional<double> Cursor::real() const {
  const std::optional<std::string_view> text = plain();
  const std::optional<double> value = text ? parse_real(*text) : std::nullopt;
  if (!value) expected("a number");
  return value;
}

std::optional<bool> Cursor::boolean() const {
  const std::optional<std::string_view> text = plain();
  const std::optional<bool> value = text ? parse_boolean(*text) : std::nullopt;
  if (!value) expected("true or false");
  return value;
}

std::optional<double> Cursor::quantity(Quantity quantity) const {
  const Parsed<double> parsed = parse_quantity(node_->text, quantity);
  if (!parsed.value) expected(parsed.expected);
  return parsed.value;
}

std::optional<Capacity> Cursor::capacity(bool allow_words) const {
  const Parsed<Capacity> parsed = parse_size(node_->text, allow_words);
  if (!parsed.value) expected(parsed.expected);
  return parsed.value;
}

std::optional<std::uint64_t> Cursor::size() const {
  const std::optional<Capacity> value = capacity(false);
  return value ? std::optional(value->amount) : std::nullopt;
}

std::optional<std::string> Cursor::text(const std::string& what) const {
  if (node_->is_scalar() && !node_->text.empty()) return node_->text;
  expected(what);
  return std::nullopt;
}

std::optional<std::string> Cursor::choice(const std::string& what,
                                          std::span<const std::string> names) const {
  const std::optional<std::string> value = text("a " + what);
  if (!value || std::find(names.begin(), names.end(), *value) != names.end()) return value;
  fault("unknown " + what + " " + quote(*value) + suggestion(*value, names));
  return std::nullopt;
}

bool Cursor::require_map() const {
  if (!node_->is_map()) expected("a map");
  return node_->is_map();
}

bool Cursor::require_sequence() const {
  if (node_->kind != NodeKind::sequence) expected("a list");
  return node_->kind == NodeKind::sequence;
}

}  // namespace attnsim::config
