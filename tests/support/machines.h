// Small machines, for tests that count by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/core/machine_spec.h"

namespace attnsim::test {

/// A simulated, fully associative LRU cache of `lines` lines of 128 bytes, inside the memory that
/// follows it.
inline MemorySpec lru_cache(const std::string& name, std::uint64_t lines, bool per_core = false) {
  return {.name = name,
          .kind = MemoryKind::cache,
          .per_core = per_core,
          .capacity = Capacity{lines * 128, false},
          .line = 128,
          .cache = {.policy = "lru"}};
}

/// A scratchpad of 64 KiB per core, these caches around it, inner to outer, and `hbm`.
inline MachineSpec machine_with(std::vector<MemorySpec> caches, std::int64_t cores = 1) {
  MachineSpec machine;
  machine.id = "test_gpu";
  machine.cores = cores;
  machine.memories = {{.name = "sram",
                       .kind = MemoryKind::scratchpad,
                       .per_core = true,
                       .capacity = Capacity{64 << 10, false}}};
  for (MemorySpec& cache : caches) machine.memories.push_back(std::move(cache));
  machine.memories.push_back({.name = "hbm", .kind = MemoryKind::dram});
  for (std::size_t i = 0; i + 1 < machine.memories.size(); ++i) {
    machine.memories[i].parent = machine.memories[i + 1].name;
  }
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
