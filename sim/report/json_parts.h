// What the JSON writers share. Private to this folder: the only header that sees the JSON package.
#pragma once

#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "sim/core/result.h"
#include "sim/report/format.h"

namespace attnsim::report {

using Json = nlohmann::ordered_json;  // keeps the order in which keys were set

inline constexpr int kSchemaVersion = 1;

inline constexpr auto kReplace = Json::error_handler_t::replace;

/// The text of a document. Text of users (paths, commands) may hold any byte: what is no UTF-8 is
/// replaced, not refused.
inline std::string dump(const Json& json) { return json.dump(2, ' ', false, kReplace) + '\n'; }

/// A document that holds its schema_version.
inline Json versioned() {
  Json out = Json::object();
  out["schema_version"] = kSchemaVersion;
  return out;
}

/// null where there is no finite value.
inline Json real(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

inline Json real(const std::optional<double>& value) {
  return value ? real(*value) : Json(nullptr);
}

/// Integral values as integers, the rest as they are.
inline Json count(double value) {
  return is_exact_integer(value) ? Json(static_cast<std::int64_t>(value)) : real(value);
}

template <typename Tag>
Json count(Amount<Tag> amount) {
  return amount.count;
}

template <typename Tag>
Json count(const std::optional<Amount<Tag>>& amount) {
  return amount ? Json(amount->count) : Json(nullptr);
}

/// The rows of a list, each written by `writer`.
template <typename Rows, typename Writer>
Json array(const Rows& rows, Writer writer) {
  Json out = Json::array();
  for (const auto& row : rows) out.push_back(writer(row));
  return out;
}

/// The program and its version.
Json tool_json();

/// The counts of one cache.
Json cache_json(const CacheRow& row);

/// seconds, limiter, flops, tflops, lanes, kernels.
Json time_json(const TimeReport& time);

/// memory, bytes, joules.
Json energy_json(const EnergyRow& row);

/// A machine as results and listings show it.
Json machine_json(const MachineSpec& machine);

}  // namespace attnsim::report
