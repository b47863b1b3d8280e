// I/O against cache capacity, as plain data: what attnsim curve answers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/units.h"

namespace attnsim {

/// What crosses the edge of a memory of one capacity.
struct CurvePoint {
  Bytes capacity{};
  Bytes read{};
  Bytes write{};  // what is still dirty at the end included

  Bytes total() const { return read + write; }
  bool operator==(const CurvePoint&) const = default;
};

/// A capacity at which an algorithm cannot run.
struct InfeasibleCapacity {
  Bytes capacity{};
  std::string reason;
};

struct CurveSeries {
  std::string policy;                            // lru, opt, or an algorithm that has no cache
  std::vector<CurvePoint> points{};              // millions are not unusual
  std::vector<std::string> tiles{};              // of an algorithm, for each point
  std::vector<InfeasibleCapacity> infeasible{};  // of an algorithm
};

/// The points of lru are exact steps: each holds from its capacity up to the next; the first is at
/// one line.
struct Curve {
  std::string subject{};         // what runs on what, or the file
  std::string workload{};        // in one line; of a run
  std::uint64_t word_bytes = 0;  // where every element is one word; else 0
  std::uint64_t line_bytes = 0;
  std::uint64_t accesses = 0;  // to lines
  std::uint64_t lines = 0;     // distinct
  std::vector<CurveSeries> series{};

  /// nullptr when there is none.
  const CurveSeries* of(std::string_view policy) const;
};

/// The step that a capacity lies on. REQUIRES: points by capacity, the first not above it.
const CurvePoint& point_at(const CurveSeries& steps, Bytes capacity);

}  // namespace attnsim
