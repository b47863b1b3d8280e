// The machine as an algorithm sees it: element sizes, capacities by role, what fits.
#include <gtest/gtest.h>

#include "sim/trace/target.h"

namespace attnsim {
namespace {

/// Operands in 1000 bytes of shared memory, accumulators and statistics in 400 of registers.
MachineSpec gpu() {
  MachineSpec machine;
  machine.id = "gpu";
  machine.arch = "sm80";
  machine.memories = {{.name = "regs", .kind = MemoryKind::registers, .capacity = Capacity{400}},
                      {.name = "sram", .kind = MemoryKind::scratchpad, .capacity = Capacity{1000}},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles = {"sram", "regs", "regs", "sram", "sram"};
  return machine;
}

MachineSpec two_level(std::uint64_t words) {
  MachineSpec machine;
  machine.uniform_words = true;
  machine.memories = {{.name = "sram", .capacity = Capacity{words, true}},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  return machine;
}

TEST(Target, CountsCapacityInWordsOfTheWorkload) {
  const MachineSpec machine = gpu();
  const Workload half{.dtype = DType::f16};
  const Workload single{.dtype = DType::f32};
  EXPECT_EQ(Target(machine, half).capacity_words(Role::operand), 500u);
  EXPECT_EQ(Target(machine, single).capacity_words(Role::operand), 250u);
  EXPECT_EQ(Target(machine, half).capacity_words(Role::vector), 200u);
}

TEST(Target, AddsUpEachMemoryOnce) {
  const MachineSpec machine = gpu();
  const Workload half{.dtype = DType::f16};
  EXPECT_EQ(Target(machine, half).on_chip_words(), 700u);
  const MachineSpec pebbles = two_level(25600);
  EXPECT_EQ(Target(pebbles, half).on_chip_words(), 25600u);
}

TEST(Target, CountsAnElementAsAWordOnThePebbleMachine) {
  const MachineSpec machine = gpu();
  const MachineSpec pebbles = two_level(10);
  const Workload half{.dtype = DType::f16};
  EXPECT_EQ(Target(machine, half).element_bits(DType::f32), 32);
  EXPECT_EQ(Target(pebbles, half).element_bits(DType::f32), 16);
  EXPECT_EQ(Target(pebbles, half).element_bits(DType::fp8_e4m3), 16);
}

TEST(Target, KnowsWhereARoleLives) {
  const MachineSpec machine = gpu();
  const Workload workload;
  const Target target(machine, workload);
  EXPECT_EQ(target.arch(), "sm80");
  EXPECT_EQ(target.space(Role::accumulator), 0u);
  EXPECT_EQ(target.space(Role::operand), 1u);
}

TEST(Target, SplitsTilesByMemory) {
  const MachineSpec machine = gpu();
  const Workload workload;
  const Target target(machine, workload);
  EXPECT_EQ(target.occupation_bits({{Role::operand, DType::f16, 3, 5},
                                    {Role::staging, DType::f32, 1, 2},
                                    {Role::vector, DType::f32, 7, 1}}),
            (std::vector<std::uint64_t>{7 * 32, 15 * 16 + 2 * 32, 0}));
}

TEST(Target, HoldsTilesThatFillAMemoryExactly) {
  const MachineSpec machine = gpu();
  const Workload workload;
  const Target target(machine, workload);
  const TileShape all_of_sram{Role::operand, DType::f16, 10, 50};
  const TileShape all_of_regs{Role::accumulator, DType::f32, 10, 10};
  EXPECT_TRUE(target.fits({}));
  EXPECT_TRUE(target.fits({all_of_sram, all_of_regs}));
  EXPECT_FALSE(target.fits({all_of_sram, {Role::staging, DType::fp8_e4m3, 1, 1}}));
  EXPECT_FALSE(target.fits({all_of_regs, {Role::vector, DType::fp8_e4m3, 1, 1}}));
  EXPECT_TRUE(target.fits({all_of_regs, {Role::operand, DType::f16, 1, 1}}));
}

}  // namespace
}  // namespace attnsim
