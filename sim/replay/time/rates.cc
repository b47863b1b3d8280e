#include "sim/replay/time/rates.h"

#include <algorithm>

namespace attnsim::replay::time {
namespace {

constexpr double kPsPerSecond = 1e12;

/// Picoseconds of one core per unit of a rate that is stated for all cores at `stated` hertz.
double per_unit(double rate, double cores, double stated, double running) {
  return kPsPerSecond * cores / rate * (stated / running);
}

}  // namespace

double CoreRates::matrix_ps(DType dtype) const {
  const auto at = [&](DType d) { return matrix[static_cast<std::size_t>(d)]; };
  if (at(dtype) > 0) return at(dtype);
  for (const DType wider : {DType::f16, DType::bf16, DType::f32}) {
    if (bits(wider) >= bits(dtype) && at(wider) > 0) return at(wider);
  }
  return vector / 2;  // a multiply-add is one operation of the vector unit
}

double running_clock(const MachineSpec& machine) {
  const double clock = machine.clock.value_or(0);
  return machine.load.clock ? std::min(clock, *machine.load.clock) : clock;
}

CoreRates core_rates(const MachineSpec& machine, std::vector<std::string>& missing) {
  const UnitSpec& units = machine.units;
  const auto cores = static_cast<double>(machine.cores);
  const double running = running_clock(machine);
  const double stated = units.clock.value_or(machine.clock.value_or(0));
  const double matrix_stated = units.matrix_clock.value_or(stated);
  if (running == 0) missing.emplace_back("hardware.clock");
  if (!units.vector) missing.emplace_back("hardware.units.vector");
  if (!units.exp) missing.emplace_back("hardware.units.exp");
  if (units.matrix.empty()) missing.emplace_back("hardware.units.matrix");
  const MemorySpec& home = machine.home();
  if (!home.bandwidth && !home.read_bandwidth) {
    missing.push_back("hardware.memories." + home.name + ".bandwidth");
  }
  CoreRates rates;
  if (!missing.empty()) return rates;
  for (const auto& [dtype, rate] : units.matrix) {
    rates.matrix[static_cast<std::size_t>(dtype)] = per_unit(rate, cores, matrix_stated, running);
  }
  rates.vector = machine.core.lanes
                     ? kPsPerSecond / running / static_cast<double>(*machine.core.lanes)
                     : per_unit(*units.vector / 2, cores, stated, running);
  rates.exp = per_unit(*units.exp, cores, stated, running);
  const MemorySpec* scratchpad = machine.scratchpad();
  if (scratchpad != nullptr && scratchpad->bandwidth) {
    rates.port = per_unit(*scratchpad->bandwidth, cores, stated, running);
  }
  if (units.copy) rates.copy = per_unit(*units.copy, cores, stated, running);
  rates.contention = machine.load.contention.value_or(0);
  rates.synchronous_matrix = machine.load.synchronous_matrix.value_or(1);
  rates.port_share = machine.load.port.value_or(1);
  const double clk = kPsPerSecond / running;
  rates.stage_latency = static_cast<Ps>(machine.load.stage_latency.value_or(0) * clk);
  rates.task_start = static_cast<Ps>(machine.load.task_start.value_or(0) * clk);
  rates.clock = running;
  return rates;
}

}  // namespace attnsim::replay::time
