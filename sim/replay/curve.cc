#include "sim/replay/curve.h"

#include <algorithm>
#include <utility>

#include "sim/machine/cache/opt_cache.h"
#include "sim/machine/cache/stack_distance.h"

namespace attnsim::replay {
namespace {

/// What nobody looks at: the cache itself counts.
class NoMemory final : public machine::Downstream {
 public:
  void fetch(machine::LineRun, std::uint16_t) override {}
  void write_back(machine::LineRun, std::uint16_t) override {}
  bool ordered() const override { return false; }
};

/// A cache has at least one line, and what does not change the I/O is no step of it.
CurveSeries lru_series(const machine::MissCurve& curve, std::uint64_t line_bytes) {
  CurveSeries out{.policy = "lru"};
  for (const machine::MissCurve::Step& step : curve.steps()) {
    const CurvePoint point{
        .capacity = Bytes(std::max<std::uint64_t>(step.capacity, 1) * line_bytes),
        .read = Bytes(step.fills * line_bytes),
        .write = Bytes(step.written * line_bytes)};
    std::vector<CurvePoint>& points = out.points;
    if (!points.empty() && points.back().capacity == point.capacity) points.pop_back();
    if (!points.empty() && points.back().read == point.read && points.back().write == point.write) {
      continue;
    }
    points.push_back(point);
  }
  return out;
}

CurvePoint opt_point(const LineSource& source, const CurveRequest& request, Bytes capacity,
                     Progress* progress) {
  NoMemory memory;
  machine::OptCache cache(
      {.ways = capacity.count / request.line_bytes, .fetch_covered_writes = request.fetch_covered},
      memory);
  source.replay([&](const machine::LineAccess& access) { cache.access(access); }, progress);
  cache.finish();
  const machine::CacheCounts counts = cache.counts(0);
  return {.capacity = capacity,
          .read = Bytes(counts.fills * request.line_bytes),
          .write = Bytes((counts.write_backs + counts.final_dirty) * request.line_bytes)};
}

}  // namespace

Curve capacity_curve(const LineSource& source, const CurveRequest& request, Progress* progress) {
  Curve out{.line_bytes = request.line_bytes};
  machine::StackDistance stack(request.fetch_covered);
  source.replay(
      [&](const machine::LineAccess& access) {
        out.accesses += access.lines.count;
        stack.access(access);
      },
      progress);
  const machine::MissCurve curve = stack.curve();
  out.lines = curve.cold();
  out.series.push_back(lru_series(curve, request.line_bytes));
  if (request.opt.empty()) return out;
  CurveSeries opt{.policy = "opt"};
  for (const Bytes capacity : request.opt) {
    opt.points.push_back(opt_point(source, request, capacity, progress));
  }
  out.series.push_back(std::move(opt));
  return out;
}

}  // namespace attnsim::replay
