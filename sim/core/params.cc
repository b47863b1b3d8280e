#include "sim/core/params.h"

#include <utility>

namespace attnsim {

ParamValue default_of(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::boolean:
      return spec.default_value == "true";
    case ParamType::integer:
      return std::int64_t{std::stoll(spec.default_value)};
    case ParamType::real:
      return std::stod(spec.default_value);
    case ParamType::choice:
    case ParamType::text:
      break;
  }
  return spec.default_value;
}

ParamValues completed(ParamValues given, const std::vector<ParamSpec>& declared) {
  for (const ParamSpec& spec : declared) {
    if (!given.all().contains(spec.name)) given.set(spec.name, default_of(spec));
  }
  return given;
}

}  // namespace attnsim
