// The red-blue pebble machine in code, for what reads no configuration: verification, tests,
// benchmarks.
#pragma once

#include <cstdint>

#include "sim/core/machine_spec.h"

namespace attnsim {

/// configs/hardware/abstract_two_level.yaml with a fast memory of `words` words: one core, `sram`
/// inside an unlimited `hbm`, every element a word.
MachineSpec two_level_machine(std::uint64_t words = 25600);

}  // namespace attnsim
