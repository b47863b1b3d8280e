#include "sim/study/explanation.h"

#include <algorithm>

#include "sim/core/error.h"
#include "sim/replay/replay.h"
#include "sim/replay/time/time.h"
#include "sim/study/load_log.h"
#include "sim/study/parallel.h"

namespace attnsim::study {
namespace {

constexpr double kFactor = 2;

void scale(std::optional<double>& rate) {
  if (rate) *rate *= kFactor;
}

MemorySpec& memory_of(MachineSpec& machine, std::string_view name) {
  return *std::find_if(machine.memories.begin(), machine.memories.end(),
                       [&](const MemorySpec& m) { return m.name == name; });
}

void scale_bandwidth(MemorySpec& memory) {
  scale(memory.bandwidth);
  scale(memory.read_bandwidth);
  scale(memory.write_bandwidth);
}

/// The memories whose bandwidth time depends on, outer to inner.
std::vector<std::string> timed_memories(const MachineSpec& machine) {
  std::vector<std::string> names;
  for (std::size_t i = machine.memories.size(); i-- > 0;) {
    const MemorySpec& m = machine.memories[i];
    const bool shared_cache = m.kind == MemoryKind::cache && !m.per_core;
    const bool port = m.kind == MemoryKind::scratchpad && m.per_core;
    const bool home = i + 1 == machine.memories.size();
    if ((home || shared_cache || port) && (m.bandwidth || m.read_bandwidth)) {
      names.push_back(m.name);
    }
  }
  return names;
}

/// The tensor behind a lane that is a memory, or the scratchpad's port.
std::optional<LimitingTensor> limiting_tensor(const Result& result, const std::string& limiter) {
  std::string memory = limiter;
  if (limiter == "sram_port") memory = result.run.machine.scratchpad()->name;
  const IoRow* total = result.io_row(memory, "total");
  if (total == nullptr || total->bytes().count == 0) return std::nullopt;
  LimitingTensor out{.memory = memory};
  for (const IoRow& row : result.io) {
    if (row.memory != memory || row.tensor == "total" || row.bytes() <= out.bytes) continue;
    out.tensor = row.tensor;
    out.bytes = row.bytes();
  }
  out.share = static_cast<double>(out.bytes.count) / static_cast<double>(total->bytes().count);
  return out;
}

WhatIf read_again(RunSpec run, const Change& change) {
  run.machine = change.machine;
  const TimeReport time = replay::time::estimate(replay::PlannedRun(run));
  return {.change = change.name, .seconds = time.seconds, .limiter = time.limiter};
}

/// The run as it is, but for its kernels; `result` holds its counts.
Explanation as_it_is(const replay::PlannedRun& planned, Result& result) {
  replay::time::add_time(planned, result);
  const RunSpec& run = result.run;
  Explanation out{.algorithm = run.algorithm.name, .hardware = run.machine.id};
  out.tiles = result.tiles;
  out.time = *result.time;
  out.tensor = limiting_tensor(result, out.time.limiter);
  out.estimated_inputs = result.provenance.estimated_inputs;
  return out;
}

/// A reading of its own: one that is listened to leaves nothing out, and those that are compared
/// with each other must all leave out the same (sim/replay/time/steady_state.h).
std::vector<KernelExplanation> kernels_of(const RunSpec& run) {
  LoadLog log;
  const TimeReport time = replay::time::estimate(replay::PlannedRun(run), nullptr, &log);
  return log.kernels(time, run.machine.cores);
}

}  // namespace

std::vector<Change> changes_of(const MachineSpec& machine) {
  std::vector<Change> out;
  const auto change = [&](std::string name) -> MachineSpec& {
    out.push_back({std::move(name), machine});
    return out.back().machine;
  };
  for (auto& [dtype, rate] : change("matrix unit x2").units.matrix) rate *= kFactor;
  scale(change("exp unit x2").units.exp);
  MachineSpec& vector = change("vector unit x2");
  scale(vector.units.vector);
  if (vector.core.lanes) *vector.core.lanes *= static_cast<std::int64_t>(kFactor);
  for (const std::string& name : timed_memories(machine)) {
    MachineSpec& changed = change(name + " bandwidth x2");
    scale_bandwidth(memory_of(changed, name));
  }
  MachineSpec& launched = change("no launch cost");
  launched.launch = launched.launch_next = 0;
  if (machine.load.stage_latency) change("no stage latency").load.stage_latency = 0;
  return out;
}

Explanation explain(const RunSpec& run, unsigned jobs, Progress* progress) {
  const replay::PlannedRun planned(run);
  Result result = replay::replay(planned);
  const std::string why_not = replay::time::why_no_time(planned, result);
  if (!why_not.empty()) throw UserError("there is no time to explain: " + why_not);
  const std::vector<Change> changes = changes_of(run.machine);
  Explanation out;
  std::vector<KernelExplanation> kernels;
  std::vector<WhatIf> what_if(changes.size());
  constexpr std::size_t kReadings = 2;  // of the run as it is
  parallel_for(
      changes.size() + kReadings, jobs,
      [&](std::size_t i) {
        if (i == 0) {
          kernels = kernels_of(run);
        } else if (i == 1) {
          out = as_it_is(planned, result);
        } else {
          what_if[i - kReadings] = read_again(run, changes[i - kReadings]);
        }
      },
      progress);
  for (const KernelExplanation& kernel : kernels) out.spent += kernel.spent;
  out.kernels = std::move(kernels);
  std::stable_sort(what_if.begin(), what_if.end(),
                   [](const WhatIf& a, const WhatIf& b) { return a.seconds < b.seconds; });
  out.what_if = std::move(what_if);
  return out;
}

}  // namespace attnsim::study
