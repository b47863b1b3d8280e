// What holds of the time of any run: it is the same every time, no unit is busy for longer, no work
// is lost, and a faster machine is not slower.
#include "sim/replay/time/time.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/config/config.h"

namespace attnsim::replay::time {
namespace {

/// Greedy placement has anomalies (Graham, SIAM J. Appl. Math. 17, 1969): where a part ends
/// earlier, tasks and copies meet in another order, which may be a worse one. Of some ten tasks on
/// a few cores, as here, that costs up to this share of the time.
constexpr double kAnomaly = 0.10;

std::int64_t any_from(std::int64_t low, std::int64_t high, const char* what) {
  return *rc::gen::inRange(low, high + 1).as(what);
}

/// Some cores of an A100 and their share of its rates, with a cache for all tensors: how much is
/// reused from a smaller one depends on the order of accesses, and that on everything.
MachineSpec some_cores() {
  static const MachineSpec kWhole =
      config::load_machine("nvidia_a100_sxm_80", {ATTNSIM_SOURCE_DIR});
  MachineSpec machine = kWhole;
  machine.cores = any_from(1, 6, "cores");
  const double share = static_cast<double>(machine.cores) / static_cast<double>(kWhole.cores);
  for (auto& [dtype, rate] : machine.units.matrix) rate *= share;
  for (auto* rate : {&machine.units.vector, &machine.units.exp, &machine.units.copy}) {
    if (*rate) **rate *= share;
  }
  for (MemorySpec& m : machine.memories) {
    if (m.kind == MemoryKind::cache) m.capacity = Capacity{std::uint64_t{8} << 20, false};
    for (auto* rate : {&m.bandwidth, &m.read_bandwidth, &m.write_bandwidth}) {
      if (*rate) **rate *= share * 0.5 * static_cast<double>(any_from(1, 4, "memory rate"));
    }
  }
  machine.load.contention = 0.25 * static_cast<double>(any_from(0, 4, "contention"));
  return machine;
}

RunSpec any_run() {
  RunSpec run;
  run.machine = some_cores();
  run.algorithm.name = "flash_attention_2";
  run.algorithm.tiles = {
      .rule = TileRule::explicit_sizes,
      .sizes = {{"Br", any_from(1, 4, "Br") * 32}, {"Bc", any_from(1, 4, "Bc") * 32}}};
  Workload& w = run.workload;
  w.seqlen_q = w.seqlen_kv = any_from(32, 640, "seqlen");
  w.heads = w.kv_heads = any_from(1, 12, "heads");
  w.head_dim = w.head_dim_v = any_from(1, 2, "head_dim") * 64;
  w.causal = any_from(0, 1, "causal") != 0;
  w.pass = any_from(0, 1, "pass") == 0 ? Pass::forward : Pass::forward_backward;
  return run;
}

TimeReport all_of(const PlannedRun& planned) {
  return estimate(planned, nullptr, nullptr, Repetition::replay_all);
}

double seconds_of(const RunSpec& run) { return all_of(PlannedRun(run)).seconds; }

double busy(const TimeReport& report, const std::string& lane) {
  const auto row = std::ranges::find(report.lanes, lane, &LaneRow::lane);
  RC_ASSERT(row != report.lanes.end());
  return row->busy_seconds;
}

RC_GTEST_PROP(TimeProperty, IsDeterministic, ()) {
  const RunSpec run = any_run();
  const TimeReport a = all_of(PlannedRun(run));
  const TimeReport b = all_of(PlannedRun(run));
  RC_ASSERT(a.seconds == b.seconds);
  for (std::size_t i = 0; i < a.lanes.size(); ++i) {
    RC_ASSERT(a.lanes[i].busy_seconds == b.lanes[i].busy_seconds);
  }
}

/// Every lane's work takes place within the run, and the inputs come in once at least.
RC_GTEST_PROP(TimeProperty, IsNoShorterThanWhatAnyUnitHasToDo, ()) {
  const RunSpec run = any_run();
  const TimeReport report = all_of(PlannedRun(run));
  double kernels = 0;
  for (const KernelTime& kernel : report.kernels) kernels += kernel.seconds;
  RC_ASSERT(std::abs(kernels - report.seconds) < 1e-11);
  // What a unit is given is rounded down to picoseconds, operation by operation.
  for (const LaneRow& lane : report.lanes) {
    if (lane.lane != "sram_port") RC_ASSERT(lane.busy_seconds <= report.seconds * (1 + 1e-3));
  }
  const Workload& w = run.workload;
  const double inputs = 3.0 * 2 * static_cast<double>(w.heads * w.seqlen_q * w.head_dim);
  RC_ASSERT(report.seconds >= inputs / *run.machine.home().read_bandwidth);
}

/// The forward kernel fills its last row block up (Launch::least_rows), and works on what is not
/// there: more than is counted, but where blocks are whole.
RC_GTEST_PROP(TimeProperty, NoWorkIsLost, ()) {
  RunSpec run = any_run();
  const std::int64_t Br = run.algorithm.tiles.sizes.at("Br");
  Workload& w = run.workload;
  if (any_from(0, 3, "clipped") != 0) {
    w.seqlen_q = w.seqlen_kv = (w.seqlen_q + Br - 1) / Br * Br;
  }
  const bool whole = w.seqlen_q % Br == 0;
  const PlannedRun planned(run);
  const TimeReport report = all_of(planned);
  const Result counted = replay(planned);
  std::vector<std::string> missing;
  const CoreRates rates = core_rates(run.machine, missing);
  const double matrix = static_cast<double>(counted.work.matrix_flops) *
                        rates.matrix_ps(run.workload.dtype) / rates.synchronous_matrix * 1e-12 /
                        static_cast<double>(run.machine.cores);
  const auto expect = [whole](double found, double counted_work) {
    RC_ASSERT(found >= counted_work * (1 - 1e-9));
    if (whole) RC_ASSERT(found <= counted_work * (1 + 1e-9));
  };
  expect(busy(report, "matrix"), matrix);
  const double exp = static_cast<double>(counted.work.exp_ops) * rates.exp * 1e-12 /
                     static_cast<double>(run.machine.cores);
  expect(busy(report, "exp"), exp);
}

/// Few enough tasks for no stretch of them to be left out, of many iterations.
RunSpec long_run() {
  RunSpec run = any_run();
  Workload& w = run.workload;
  w.seqlen_q = any_from(32, 400, "seqlen_q");
  w.seqlen_kv = any_from(600, 3000, "seqlen_kv");
  if (any_from(0, 2, "algorithm") == 0) {
    run.algorithm.name = "flash_attention_1";
    run.algorithm.tiles = {.rule = TileRule::fit};
    w.pass = Pass::forward;
  }
  return run;
}

/// What a core is known to repeat is left out, to the picosecond.
RC_GTEST_PROP(TimeProperty, CyclesChangeNoTime, ()) {
  const PlannedRun planned(long_run());
  const TimeReport all = all_of(planned);
  const TimeReport skipping = estimate(planned);
  RC_ASSERT(skipping.seconds == all.seconds);
  for (std::size_t i = 0; i < all.lanes.size(); ++i) {
    const double busy = all.lanes[i].busy_seconds;
    RC_ASSERT(std::abs(skipping.lanes[i].busy_seconds - busy) <= 1e-9 * busy);
  }
}

/// Stretches that are left out would have gone on as those before them: roughly so where, as here,
/// a stretch is a few microseconds of a few tasks, of which some are longer by chance.
RC_GTEST_PROP(TimeProperty, LeavingOutSteadyStretchesChangesLittle, ()) {
  RunSpec run = any_run();
  run.workload.heads = run.workload.kv_heads = any_from(20, 40, "many heads");
  run.workload.seqlen_q = run.workload.seqlen_kv = any_from(32, 160, "short");
  const PlannedRun planned(run);
  const double all = all_of(planned).seconds;
  RC_ASSERT(std::abs(estimate(planned).seconds - all) <= 0.12 * all);
}

struct Improvement {
  const char* name;
  std::function<void(MachineSpec&)> apply;
};

void twice(std::optional<double>& rate) {
  if (rate) *rate *= 2;
}

void faster_memory(MachineSpec& machine, const std::string& name) {
  for (MemorySpec& m : machine.memories) {
    if (m.name != name) continue;
    for (auto* rate : {&m.bandwidth, &m.read_bandwidth, &m.write_bandwidth}) twice(*rate);
  }
}

const std::vector<Improvement>& improvements() {
  static const std::vector<Improvement> kAll{
      {"matrix",
       [](MachineSpec& m) {
         for (auto& [dtype, rate] : m.units.matrix) rate *= 2;
       }},
      {"exp", [](MachineSpec& m) { twice(m.units.exp); }},
      {"vector", [](MachineSpec& m) { *m.core.lanes *= 2; }},
      {"copy", [](MachineSpec& m) { twice(m.units.copy); }},
      {"hbm", [](MachineSpec& m) { faster_memory(m, "hbm"); }},
      {"l2", [](MachineSpec& m) { faster_memory(m, "l2"); }},
      {"sram", [](MachineSpec& m) { faster_memory(m, "sram"); }},
      {"memory latency",
       [](MachineSpec& m) {
         for (MemorySpec& memory : m.memories) memory.latency = 0;
       }},
      {"stage latency", [](MachineSpec& m) { m.load.stage_latency = 0; }},
      {"task start", [](MachineSpec& m) { m.load.task_start = 0; }},
      {"contention", [](MachineSpec& m) { m.load.contention = 0; }},
      {"launch", [](MachineSpec& m) { m.launch = m.launch_next = 0; }},
  };
  return kAll;
}

void improve_one_part(MachineSpec& machine) {
  const auto which = *rc::gen::inRange<std::size_t>(0, improvements().size()).as("improvement");
  RC_TAG(std::string(improvements()[which].name));
  improvements()[which].apply(machine);
}

RC_GTEST_PROP(TimeProperty, AFasterMachineIsNotSlower, ()) {
  RunSpec run = any_run();
  const double before = seconds_of(run);
  improve_one_part(run.machine);
  RC_ASSERT(seconds_of(run) <= before * (1 + kAnomaly));
}

/// Without others to meet there are no anomalies.
RC_GTEST_PROP(TimeProperty, AFasterMachineIsNotSlowerForOneTask, ()) {
  RunSpec run = any_run();
  run.workload.heads = run.workload.kv_heads = 1;
  run.workload.pass = Pass::forward;
  run.workload.seqlen_q = std::min(run.workload.seqlen_q, run.algorithm.tiles.sizes.at("Br"));
  const double before = seconds_of(run);
  improve_one_part(run.machine);
  RC_ASSERT(seconds_of(run) <= before);
}

}  // namespace
}  // namespace attnsim::replay::time
