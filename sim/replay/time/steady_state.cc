#include "sim/replay/time/steady_state.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace attnsim::replay::time {
namespace {

/// Intervals that must agree, and stretches at the end that are always simulated.
constexpr std::size_t kIntervals = 3;
constexpr std::int64_t kLast = 2;

/// Few tasks are soon simulated, and their intervals say little.
constexpr std::int64_t kWorthwhile = 1024;
constexpr std::int64_t kLeastStretch = 128;

/// Tasks after which the work of a kernel's tasks begins anew: a head's, or those of the heads that
/// are gone through together; one where every task is a head. 0: they never do.
std::int64_t period_of(const Kernel& kernel) {
  if (kernel.grid.front().name == "plane") return kernel.grid.size() == 1 ? 1 : 0;
  const std::int64_t rows = kernel.grid.front().extent;
  if (kernel.launch.order == TaskOrder::issue) return rows;
  return kernel.launch.section == 0 ? 0 : rows * kernel.launch.section;
}

}  // namespace

SteadyState::SteadyState(const Kernel& kernel, std::int64_t places, bool look)
    : tasks_(kernel.tasks()) {
  const std::int64_t period = look ? period_of(kernel) : 0;
  if (period == 0) return;
  if (tasks_ < kWorthwhile) return;
  const std::int64_t least = std::max(2 * places, kLeastStretch);
  stretch_ = (least + period - 1) / period * period;
}

std::int64_t SteadyState::skip(std::int64_t n, Ps now) {
  if (!begins_stretch(n) || skipped_ > 0) return 0;
  starts_.push_back(now);
  // The first stretch begins with places that are all free.
  if (starts_.size() < kIntervals + 2) return 0;
  const std::size_t last = starts_.size() - 1;
  const Ps latest = starts_[last] - starts_[last - 1];
  for (std::size_t i = 1; i < kIntervals; ++i) {
    const Ps interval = starts_[last - i] - starts_[last - i - 1];
    if (std::abs(static_cast<double>(interval - latest)) > kSteady * static_cast<double>(latest)) {
      return 0;
    }
  }
  const std::int64_t left = (tasks_ - n) / stretch_ - kLast;
  if (left <= 0) return 0;
  skipped_ = left;
  time_ = left * ((starts_[last] - starts_[last - kIntervals]) / static_cast<Ps>(kIntervals));
  return left * stretch_;
}

}  // namespace attnsim::replay::time
