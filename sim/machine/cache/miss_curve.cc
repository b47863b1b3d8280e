#include "sim/machine/cache/miss_curve.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim::machine {

namespace {

/// The last one that begins at or below the capacity; there is one at 0.
template <class Part>
const Part& part_at(const std::vector<Part>& parts, std::uint64_t capacity) {
  return *std::prev(std::ranges::upper_bound(parts, capacity, {}, &Part::capacity));
}

}  // namespace

CurvePoint MissCurve::at(std::uint64_t capacity) const {
  ATTNSIM_CHECK(capacity > 0, "a cache of no lines");
  const Step& step = part_at(steps_, capacity);
  const Knot& knot = part_at(knots_, capacity);
  CurvePoint out{capacity, step.read_misses, step.write_misses, step.fills, 0, 0};
  out.final_dirty = knot.final_dirty + knot.slope * (capacity - knot.capacity);
  out.write_backs = step.written - out.final_dirty;
  return out;
}

}  // namespace attnsim::machine
