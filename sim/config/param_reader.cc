#include "sim/config/param_reader.h"

#include <optional>
#include <string>
#include <utility>

namespace attnsim::config {
namespace {

std::string list(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& n : names) out += (out.empty() ? "" : ", ") + n;
  return out;
}

Range range_of(const ParamSpec& spec) { return {.min = spec.minimum, .max = spec.maximum}; }

std::string type_of(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::boolean:
      return "true or false";
    case ParamType::integer:
      return range_of(spec).description().substr(3);  // without the article
    case ParamType::real:
      return "number";
    case ParamType::text:
      return "text";
    case ParamType::choice:
      break;
  }
  return "one of: " + list(spec.choices);
}

template <typename T>
std::optional<ParamValue> value_of(const std::optional<T>& value) {
  return value ? std::optional<ParamValue>(*value) : std::nullopt;
}

std::optional<ParamValue> read_param(const Cursor& value, const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::boolean:
      return value_of(value.boolean());
    case ParamType::integer:
      return value_of(value.integer(range_of(spec)));
    case ParamType::real:
      return value_of(value.real());
    case ParamType::text:
      return value_of(value.text(spec.doc));
    case ParamType::choice:
      break;
  }
  return value_of(value.choice("value", spec.choices));
}

}  // namespace

std::vector<FieldDoc> param_fields(const std::vector<ParamSpec>& specs) {
  std::vector<FieldDoc> docs;
  for (const ParamSpec& spec : specs) {
    docs.push_back(
        {.key = spec.name, .type = type_of(spec), .fallback = spec.default_value, .doc = spec.doc});
  }
  return docs;
}

ParamValues read_params(const Cursor& map, const std::vector<ParamSpec>& specs) {
  ParamValues values;
  for (const ParamSpec& spec : specs) {
    const Entry* entry = map.node().entry(spec.name);
    if (entry == nullptr) continue;
    if (const auto value = read_param(map.child(*entry), spec)) values.set(spec.name, *value);
  }
  return completed(std::move(values), specs);
}

}  // namespace attnsim::config
