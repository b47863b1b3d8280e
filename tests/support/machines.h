// Machines for tests, without a file.
#pragma once

#include <cstddef>

#include "sim/core/machine_spec.h"

namespace attnsim::test {

/// Four cores with registers (2048 B) and scratchpad (4096 B), then l2 and hbm.
inline MachineSpec small_gpu() {
  MachineSpec machine;
  machine.id = "gpu";
  machine.cores = 4;
  machine.memories = {
      {.name = "regs",
       .kind = MemoryKind::registers,
       .per_core = true,
       .parent = "l2",
       .capacity = Capacity{2048, false}},
      {.name = "sram", .per_core = true, .parent = "l2", .capacity = Capacity{4096, false}},
      {.name = "l2", .kind = MemoryKind::cache, .parent = "hbm"},
      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  machine.roles[static_cast<std::size_t>(Role::accumulator)] = "regs";
  return machine;
}

}  // namespace attnsim::test
