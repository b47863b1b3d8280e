#include "sim/study/sweep.h"

#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "sim/core/error.h"
#include "sim/machine/hierarchy.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/time.h"
#include "sim/study/parallel.h"

namespace attnsim::study {
namespace {

/// Results that wait for their transaction. A commit costs as much as some fast points, so they
/// share one; a slow point gets one of its own.
class Batch {
 public:
  explicit Batch(store::ResultStore& store) : store_(store) {}

  void add(store::StoredResult result) {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(result));
    if (Clock::now() - kept_ >= kPause) keep();
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    keep();
  }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPause{50};

  void keep() {
    if (!waiting_.empty()) store_.add(waiting_);
    waiting_.clear();
    kept_ = Clock::now();
  }

  store::ResultStore& store_;
  std::mutex mutex_;
  std::vector<store::StoredResult> waiting_;
  Clock::time_point kept_ = Clock::now();
};

std::uint64_t bytes_at(const Result& result, const std::string& memory) {
  const IoRow* row = result.io_row(memory, "total");
  return row == nullptr ? 0 : row->bytes().count;
}

std::string tiles_text(const Result& result) {
  std::string out;
  for (const auto& [tile, size] : result.tiles) {
    out += (out.empty() ? "" : " ") + tile + " " + std::to_string(size);
  }
  return out;
}

/// Its faults, separated by semicolons: a reason is a cell of a table.
std::string one_line(const UserError& error) {
  std::string out;
  for (const Diagnostic& d : error.diagnostics()) out += (out.empty() ? "" : "; ") + d.text();
  return out;
}

}  // namespace

PointAnswer answer_point(const RunSpec& run, bool time) {
  try {
    const replay::PlannedRun planned(run);
    PointAnswer out{.result = replay::replay(planned)};
    if (time) replay::time::add_time(planned, *out.result);
    return out;
  } catch (const UserError& error) {
    return {.no_result = one_line(error)};
  }
}

PointSummary summary_of(const PointAnswer& answer) {
  PointSummary out{.no_result = answer.no_result};
  if (!answer.result) return out;
  const Result& result = *answer.result;
  const MachineSpec& machine = result.run.machine;
  out.fits = result.fits();
  out.tiles = tiles_text(result);
  out.memory = machine.memories[machine::Hierarchy(machine).core_boundary()].name;
  out.bytes = bytes_at(result, out.memory);
  const IoRow* row = result.io_row(out.memory, "total");
  out.words = row == nullptr ? 0 : row->words().count;
  out.home = machine.home().name;
  out.home_bytes = bytes_at(result, out.home);
  if (result.time) {
    out.seconds = result.time->seconds;
    out.tflops = result.time->tflops;
    out.limiter = result.time->limiter;
  }
  out.no_time = result.no_time;
  for (const EnergyRow& energy : result.energy) {
    if (energy.memory == "total") out.joules = energy.joules;
  }
  return out;
}

void sweep(const SweepRequest& request, Progress* progress) {
  Batch batch(request.store);
  const auto work = [&](std::size_t point) {
    if (!request.stop) batch.add(request.compute(point));
  };
  try {
    parallel_for(request.points, request.jobs, work, progress);
  } catch (...) {
    batch.finish();
    throw;
  }
  batch.finish();
}

}  // namespace attnsim::study
