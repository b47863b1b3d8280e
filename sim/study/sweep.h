// The points of a study, computed on all cores and kept as they come.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "sim/core/progress.h"
#include "sim/core/result.h"
#include "sim/core/study.h"
#include "sim/store/result_store.h"

namespace attnsim::study {

/// What a point answers: a result or, where the run cannot be planned, the reason.
struct PointAnswer {
  std::optional<Result> result{};
  std::string no_result{};
};

/// Counts of one run and, if asked for, its time.
PointAnswer answer_point(const RunSpec& run, bool time);

PointSummary summary_of(const PointAnswer& answer);

struct SweepRequest {
  std::size_t points = 0;
  /// Of a point from 0 on; called from several threads at once.
  std::function<store::StoredResult(std::size_t)> compute{};
  store::ResultStore& store;
  unsigned jobs = 0;  // threads; 0: one per core
  /// Becomes true to end the sweep after the points in progress.
  const std::atomic<bool>& stop;
};

/// Computes every point and adds it to the store, in transactions of a few hundredths of a second's
/// work: no more is lost when the process is killed. Failures are thrown on after what was computed
/// is kept. `progress` may be null.
void sweep(const SweepRequest& request, Progress* progress = nullptr);

}  // namespace attnsim::study
