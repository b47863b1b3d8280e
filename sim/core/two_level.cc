#include "sim/core/two_level.h"

namespace attnsim {

MachineSpec two_level_machine(std::uint64_t words) {
  MachineSpec machine;
  machine.id = "abstract_two_level";
  machine.name = "two-level machine";
  machine.uniform_words = true;
  machine.memories = {{.name = "sram",
                       .kind = MemoryKind::scratchpad,
                       .per_core = true,
                       .parent = "hbm",
                       .capacity = Capacity{words, true}},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  return machine;
}

}  // namespace attnsim
