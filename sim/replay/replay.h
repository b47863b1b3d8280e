// One run, answered: plan the algorithm, replay its trace in counts, set the counts against the
// closed form and the bounds.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/core/progress.h"
#include "sim/core/result.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {

/// Whether a replay looks for what repeats and leaves it out. The results are the same.
enum class Repetition : std::uint8_t { skip_copies, replay_all };

/// A planned run: the schedule and what it refers to, kept together. Immovable.
class PlannedRun {
 public:
  /// Throws UserError when the algorithm cannot be planned (no released tiles, nothing fits).
  explicit PlannedRun(const RunSpec& run);
  /// For an algorithm that is not registered (a test's).
  PlannedRun(const RunSpec& run, const Algorithm& algorithm);
  PlannedRun(const PlannedRun&) = delete;
  PlannedRun& operator=(const PlannedRun&) = delete;

  const RunSpec& run() const { return run_; }
  const Target& target() const { return target_; }
  const Algorithm& algorithm() const { return algorithm_; }
  const Schedule& schedule() const { return *schedule_; }

 private:
  RunSpec run_;
  Target target_;
  Algorithm algorithm_;
  std::unique_ptr<Schedule> schedule_;
};

/// The algorithm whose function and bounds hold: of a recorded trace the one it names, where that
/// is known, else the run's own.
AlgorithmInfo known_algorithm(const PlannedRun& planned);

/// Counts, footprint, closed form, bounds and work of one run. Memory is O(1) whatever the trace;
/// time grows with what does not repeat. Throws UserError when it cannot be planned and TraceError
/// when the trace is illegal. A footprint above capacity is not an error: the result says so. A run
/// that moves less than a bound its algorithm claims is a bug and throws InternalError, but for a
/// trace from a file.
Result replay(const RunSpec& run, Progress* progress = nullptr,
              Repetition repetition = Repetition::skip_copies);

/// The same for a schedule already planned.
Result replay(const PlannedRun& planned, Progress* progress = nullptr,
              Repetition repetition = Repetition::skip_copies);

}  // namespace attnsim::replay
