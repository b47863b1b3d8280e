// I/O against cache capacity: one fully associative cache, write-back and write-allocate, between
// the accesses of a source and memory.
#pragma once

#include <vector>

#include "sim/core/curve.h"
#include "sim/core/progress.h"
#include "sim/replay/line_source.h"

namespace attnsim::replay {

struct CurveRequest {
  std::uint64_t line_bytes = 64;
  /// Whether a write miss fetches lines that the write covers.
  bool fetch_covered = false;
  /// Capacities for OPT, each replayed by itself. REQUIRES: whole lines, at least one.
  std::vector<Bytes> opt{};
};

/// Every LRU capacity in one pass, then OPT. Memory grows with the distinct lines; while OPT runs,
/// with the trace. `source` cuts into lines of `line_bytes`.
Curve capacity_curve(const LineSource& source, const CurveRequest& request,
                     Progress* progress = nullptr);

}  // namespace attnsim::replay
