#include "sim/study/load_log.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/trace/op_table.h"

namespace attnsim::study {
namespace {

using replay::time::Ps;
using replay::time::Unit;

double seconds(Ps ps) { return static_cast<double>(ps) * 1e-12; }

}  // namespace

void LoadLog::kernel(const Kernel&, Ps begin) { kernels_.push_back({.begin = begin}); }

/// Work is heard of in the order in which a core ends it. So whatever `lane` does next begins after
/// this, and what the other unit did before needs no more comparing.
void LoadLog::add(Lane& lane, Lane& other, Ps& both, Interval interval) {
  lane.busy += interval.to - interval.from;
  for (const Interval& o : other.recent) {
    both += std::max<Ps>(0, std::min(o.to, interval.to) - std::max(o.from, interval.from));
  }
  other.recent.clear();
  lane.recent.push_back(interval);
}

void LoadLog::work(std::int64_t core, std::size_t, int, const TileOp& op, Unit unit, Ps from,
                   Ps to) {
  KernelLoad& kernel = kernels_.back();
  CoreLoad& load = kernel.cores[core];
  load.last = std::max(load.last, to);
  if (unit == Unit::matrix) {
    add(load.matrix, load.vector, load.both, {from, to});
  } else if (unit == Unit::vector) {
    add(load.vector, load.matrix, load.both, {from, to});
  } else {
    return;
  }
  kernel.operations[{unit, op.op}] += to - from;
}

void LoadLog::task(std::int64_t, std::size_t, std::int64_t, Ps, Ps) {}

KernelExplanation LoadLog::explained(const KernelLoad& load, const KernelTime& time, double cores) {
  KernelExplanation out{.time = time, .cores = static_cast<std::int64_t>(load.cores.size())};
  Ps end = load.begin;
  Ps first_idle = replay::time::kNever;
  for (const auto& [core, l] : load.cores) {
    end = std::max(end, l.last);
    first_idle = std::min(first_idle, l.last);
  }
  out.tail_seconds = load.cores.empty() ? 0 : seconds(end - first_idle);
  for (const auto& [core, l] : load.cores) {
    out.spent.matrix += seconds(l.matrix.busy - l.both);
    out.spent.both += seconds(l.both);
    out.spent.vector += seconds(l.vector.busy - l.both);
    out.spent.waiting += seconds(l.last - load.begin - l.matrix.busy - l.vector.busy + l.both);
    out.spent.idle += seconds(end - l.last);
  }
  const double begun = seconds(end - load.begin);
  out.spent.idle += (cores - static_cast<double>(out.cores)) * begun;
  out.spent.launch = cores * std::max(0.0, time.seconds - begun);
  for (const auto& [key, busy] : load.operations) {
    out.operations.push_back({.unit = key.first == Unit::matrix ? "matrix" : "vector",
                              .operation = std::string(op_row(key.second).name),
                              .busy_seconds = seconds(busy) / cores});
  }
  std::stable_sort(out.operations.begin(), out.operations.end(),
                   [](const OperationTime& a, const OperationTime& b) {
                     return a.busy_seconds > b.busy_seconds;
                   });
  return out;
}

std::vector<KernelExplanation> LoadLog::kernels(const TimeReport& time, std::int64_t cores) const {
  ATTNSIM_CHECK(time.kernels.size() == kernels_.size(), "one log per time reading");
  std::vector<KernelExplanation> out;
  for (std::size_t i = 0; i < kernels_.size(); ++i) {
    out.push_back(explained(kernels_[i], time.kernels[i], static_cast<double>(cores)));
  }
  return out;
}

}  // namespace attnsim::study
