// Machines for tests, without a file.
#pragma once

#include <cstdint>

#include "sim/core/machine_spec.h"

namespace attnsim::test {

/// The two-level machine with M words.
inline MachineSpec two_level(std::uint64_t m_words) {
  MachineSpec machine;
  machine.id = "two_level";
  machine.uniform_words = true;
  machine.memories = {
      {.name = "sram", .per_core = true, .parent = "hbm", .capacity = Capacity{m_words, true}},
      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  return machine;
}

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
