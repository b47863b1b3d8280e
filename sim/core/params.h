// Parameters a component declares: one table gives help, validation and the resolved echo.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace attnsim {

enum class ParamType { boolean, integer, real, choice, text };

/// One row of a component's parameter table.
struct ParamSpec {
  std::string name;
  ParamType type = ParamType::boolean;
  std::string unit{};         // "rows", "bytes", ...; empty for a pure number
  std::string default_value;  // as a user would write it; empty: a text that must be given
  std::string doc;
  std::vector<std::string> choices{};  // for ParamType::choice
  std::int64_t minimum = 0;            // for ParamType::integer
  std::int64_t maximum = std::numeric_limits<std::int64_t>::max();
};

using ParamValue = std::variant<bool, std::int64_t, double, std::string>;

/// REQUIRES: a default that a user could have written, or a text.
ParamValue default_of(const ParamSpec& spec);

/// Resolved values by name: every declared parameter has one.
class ParamValues {
 public:
  void set(const std::string& name, ParamValue value) { values_[name] = std::move(value); }
  bool has(const std::string& name) const { return values_.contains(name); }
  const std::map<std::string, ParamValue>& all() const { return values_; }

  // REQUIRES: the parameter is declared with this type.
  bool boolean(const std::string& name) const { return std::get<bool>(values_.at(name)); }
  std::int64_t integer(const std::string& name) const {
    return std::get<std::int64_t>(values_.at(name));
  }
  double real(const std::string& name) const { return std::get<double>(values_.at(name)); }
  const std::string& choice(const std::string& name) const {
    return std::get<std::string>(values_.at(name));
  }
  const std::string& text(const std::string& name) const { return choice(name); }

  bool operator==(const ParamValues&) const = default;

 private:
  std::map<std::string, ParamValue> values_;
};

/// The values given, and the defaults of declared parameters that are not.
ParamValues completed(ParamValues given, const std::vector<ParamSpec>& declared);

}  // namespace attnsim
