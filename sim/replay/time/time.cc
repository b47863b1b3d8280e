#include "sim/replay/time/time.h"

#include <algorithm>

#include "sim/core/measurement.h"
#include "sim/replay/guesses.h"
#include "sim/replay/time/device.h"

namespace attnsim::replay::time {
namespace {

constexpr double kSecondsPerPs = 1e-12;
/// Below this share of the time of its busiest lane a kernel is limited by waiting, not by work.
constexpr double kLimits = 0.5;

std::vector<LaneRow> lanes_of(const UnitWorkSums& work, double cores,
                              const std::vector<SharedLane>& shared, double seconds) {
  std::vector<LaneRow> lanes;
  const auto add = [&](std::string name, double busy_ps) {
    const double busy = busy_ps * kSecondsPerPs;
    lanes.push_back({std::move(name), busy, seconds > 0 ? busy / seconds : 0});
  };
  add("matrix", work.matrix / cores);
  add("exp", work.exp / cores);
  add("vector", work.vector / cores);
  add("sram_port", work.port / cores);
  for (const SharedLane& lane : shared) add(lane.name, lane.busy);
  return lanes;
}

std::string limiter_of(const std::vector<LaneRow>& lanes) {
  const auto busiest = std::max_element(
      lanes.begin(), lanes.end(),
      [](const LaneRow& a, const LaneRow& b) { return a.utilisation < b.utilisation; });
  return busiest->utilisation >= kLimits ? busiest->lane : "latency";
}

}  // namespace

std::vector<std::string> missing_for_time(const MachineSpec& machine) {
  std::vector<std::string> missing;
  core_rates(machine, missing);
  return missing;
}

TimeReport estimate(const PlannedRun& planned, Progress* progress, Listener* listener,
                    Repetition repetition) {
  const MachineSpec& machine = planned.run().machine;
  std::vector<std::string> missing;
  const CoreRates rates = core_rates(machine, missing);
  Device device(planned, rates, repetition, listener, progress);

  TimeReport report;
  UnitWorkSums total;
  double launches = 0;
  Ps now = 0;
  const auto cores = static_cast<double>(machine.cores);
  for (const Kernel& kernel : planned.schedule().program().kernels()) {
    const double launch = report.kernels.empty()
                              ? machine.launch.value_or(0)
                              : machine.launch_next.value_or(machine.launch.value_or(0));
    const Ps called = now;
    launches += launch;
    const std::vector<SharedLane> before = device.memory().lanes();
    const KernelRun run = device.run(kernel, now + static_cast<Ps>(launch / kSecondsPerPs));
    now = run.end;
    const double seconds = static_cast<double>(now - called) * kSecondsPerPs;
    const auto lanes = lanes_of(run.work, cores, device.memory().since(before), seconds);
    report.kernels.push_back({.kernel = kernel.name,
                              .seconds = seconds,
                              .limiter = limiter_of(lanes),
                              .tasks = kernel.tasks(),
                              .places = run.places_per_core * machine.cores});
    total += run.work;
  }
  report.seconds = static_cast<double>(now) * kSecondsPerPs;
  report.lanes = lanes_of(total, cores, device.memory().lanes(), report.seconds);
  report.lanes.push_back({"launch", launches, report.seconds > 0 ? launches / report.seconds : 0});
  report.limiter = limiter_of(report.lanes);
  const SharedLane& home = device.memory().lanes().back();
  report.home_bytes = home.bytes_read + home.bytes_written;
  report.flops = convention_flops(planned.run().workload);
  report.tflops = report.seconds > 0 ? report.flops / report.seconds * 1e-12 : 0;
  return report;
}

std::string why_no_time(const PlannedRun& planned, const Result& counts) {
  if (!counts.fits()) return "the run does not fit";
  if (planned.algorithm().info.from_file) {
    return "a trace from a file does not say how its kernels are launched";
  }
  std::string why;
  for (const std::string& path : missing_for_time(planned.run().machine)) {
    why += (why.empty() ? "the machine does not state " : ", ") + path;
  }
  return why;
}

void add_time(const PlannedRun& planned, Result& result, Progress* progress, Listener* listener,
              Repetition repetition) {
  result.no_time = why_no_time(planned, result);
  if (!result.no_time.empty()) return;
  result.time = estimate(planned, progress, listener, repetition);
  name_guesses(result);
}

}  // namespace attnsim::replay::time
