// Leaves out what repeats in time: once the tasks of equal stretches of a kernel - whole heads, at
// least two rounds of all places - are handed out at the same intervals, the stretches up to the
// last ones would go on so.
//
// Unlike the repetition of counts this is an approximation, since queues and caches never return to
// exactly the same state: the intervals of three stretches must agree to within `kSteady`, and the
// last stretches, with the tail, are always simulated.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/replay/time/rates.h"
#include "sim/trace/program.h"

namespace attnsim::replay::time {

class SteadyState {
 public:
  /// How far the intervals of stretches may be apart: 0.1 %.
  static constexpr double kSteady = 0.001;

  /// Of a kernel whose tasks are handed out to `places`; `look` false: nothing is left out.
  SteadyState(const Kernel& kernel, std::int64_t places, bool look);

  /// Task number `n`, in the order of handing out, is about to be handed out at `now`. Returns how
  /// many tasks to leave out before it, a multiple of the stretch.
  std::int64_t skip(std::int64_t n, Ps now);

  /// Whether task number `n` begins a stretch.
  bool begins_stretch(std::int64_t n) const { return stretch_ > 0 && n % stretch_ == 0; }
  /// Stretches left out, and the time they would have taken.
  std::int64_t skipped() const { return skipped_; }
  Ps time() const { return time_; }

 private:
  std::int64_t stretch_ = 0;  // tasks; 0: nothing is left out
  std::int64_t tasks_;
  std::vector<Ps> starts_;  // of stretches so far
  std::int64_t skipped_ = 0;
  Ps time_ = 0;
};

}  // namespace attnsim::replay::time
