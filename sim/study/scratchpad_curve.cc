#include "sim/study/scratchpad_curve.h"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "sim/core/error.h"
#include "sim/machine/hierarchy.h"
#include "sim/replay/replay.h"

namespace attnsim::study {
namespace {

RunSpec run_at(const ScratchpadRequest& request, const AlgorithmChoice& algorithm, Bytes capacity) {
  RunSpec run{.workload = request.workload, .machine = request.machine, .algorithm = algorithm};
  const auto word_bits = static_cast<std::uint64_t>(run.workload.word_bits());
  for (MemorySpec& memory : run.machine.memories) {
    if (memory.capacity) memory.capacity = Capacity{capacity.count * 8 / word_bits, true};
  }
  return run;
}

CurvePoint count_by_formula(const replay::PlannedRun& planned, const ClosedForm& form) {
  CurvePoint out;
  for (const ClosedFormTerm& term : form) {
    const auto bits = static_cast<std::uint64_t>(planned.target().element_bits(term.dtype));
    out.read += Bytes((term.read * bits + 7) / 8);
    out.write += Bytes((term.written * bits + 7) / 8);
  }
  return out;
}

CurvePoint count_by_replay(const replay::PlannedRun& planned) {
  const MachineSpec& machine = planned.run().machine;
  const std::size_t boundary = machine::Hierarchy(machine).core_boundary();
  const Result result = replay::replay(planned);
  const IoRow* total = result.io_row(machine.memories[boundary].name, "total");
  if (total == nullptr) return {};
  return {.read = total->read_bytes, .write = total->write_bytes};
}

std::string tiles_of(const replay::PlannedRun& planned) {
  std::string out;
  for (const auto& [tile, size] : planned.schedule().named_tiles()) {
    out += (out.empty() ? "" : ", ") + tile + " " + std::to_string(size);
  }
  return out;
}

void add_point(const RunSpec& run, Bytes capacity, CurveSeries& series) {
  try {
    const replay::PlannedRun planned(run);
    const ClosedForm form = planned.schedule().closed_form();
    series.points.push_back(form.empty() ? count_by_replay(planned)
                                         : count_by_formula(planned, form));
    series.points.back().capacity = capacity;
    series.tiles.push_back(tiles_of(planned));
  } catch (const UserError& error) {
    series.infeasible.push_back({capacity, error.what()});
  }
}

}  // namespace

std::vector<Bytes> power_of_two_grid(Bytes least, Bytes most) {
  std::vector<Bytes> grid;
  const std::uint64_t first = std::bit_floor(std::max<std::uint64_t>(least.count, 1));
  for (std::uint64_t at = first;; at *= 2) {
    grid.emplace_back(at);
    if (at >= most.count) return grid;
  }
}

std::vector<CurveSeries> scratchpad_series(const ScratchpadRequest& request, Progress* progress) {
  std::vector<CurveSeries> out;
  const std::uint64_t total = request.algorithms.size() * request.capacities.size();
  std::uint64_t done = 0;
  for (const AlgorithmChoice& algorithm : request.algorithms) {
    CurveSeries series{.policy = algorithm.name};
    for (const Bytes capacity : request.capacities) {
      if (progress != nullptr) progress->step(done++, total, algorithm.name);
      add_point(run_at(request, algorithm, capacity), capacity, series);
    }
    out.push_back(std::move(series));
  }
  return out;
}

}  // namespace attnsim::study
