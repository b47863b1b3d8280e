// The rates of one core, from those a machine states for all of them at a clock of theirs.
#include <gtest/gtest.h>

#include "sim/replay/time/rates.h"
#include "tests/support/machines.h"

namespace attnsim::replay::time {
namespace {

using Paths = std::vector<std::string>;

/// Two cores. Rates are stated at 2 GHz, of which load leaves 1 GHz.
MachineSpec machine() {
  MachineSpec m = test::machine_with({}, 2);
  m.memories.front().bandwidth = 8e12;
  m.memories.back().bandwidth = 1e12;
  m.clock = 2e9;
  m.units.matrix = {{DType::f16, 4e12}};
  m.units.vector = 4e12;
  m.units.exp = 1e12;
  m.units.copy = 2e12;
  m.load.clock = 1e9;
  return m;
}

CoreRates rates_of(const MachineSpec& m) {
  Paths missing;
  const CoreRates rates = core_rates(m, missing);
  EXPECT_EQ(missing, Paths{});
  return rates;
}

TEST(CoreRates, AreACoresShareAtTheClockItRunsAt) {
  const CoreRates rates = rates_of(machine());
  EXPECT_DOUBLE_EQ(rates.clock, 1e9);
  EXPECT_DOUBLE_EQ(rates.matrix_ps(DType::f16), 1);
  EXPECT_DOUBLE_EQ(rates.vector, 2);  // 4e12 FLOP are 2e12 operations
  EXPECT_DOUBLE_EQ(rates.exp, 4);
  EXPECT_DOUBLE_EQ(rates.port, 0.5);
  EXPECT_DOUBLE_EQ(rates.copy, 2);
}

TEST(CoreRates, ScaleFromTheClockTheyAreStatedAt) {
  MachineSpec m = machine();
  m.units.clock = 4e9;
  m.units.matrix_clock = 1e9;
  const CoreRates rates = rates_of(m);
  EXPECT_DOUBLE_EQ(rates.matrix_ps(DType::f16), 0.5);
  EXPECT_DOUBLE_EQ(rates.vector, 4);
  EXPECT_DOUBLE_EQ(rates.exp, 8);
  EXPECT_DOUBLE_EQ(rates.port, 1);
  EXPECT_DOUBLE_EQ(rates.copy, 4);
}

TEST(CoreRates, IssueSlotsOverruleTheVectorPeak) {
  MachineSpec m = machine();
  m.core.lanes = 8;
  EXPECT_DOUBLE_EQ(rates_of(m).vector, 125);
}

TEST(CoreRates, LoadConstantsComeInClocksOfTheRunningClock) {
  MachineSpec m = machine();
  m.load.stage_latency = 20;
  m.load.task_start = 300;
  m.load.contention = 0.25;
  m.load.port = 0.5;
  m.load.synchronous_matrix = 0.75;
  const CoreRates rates = rates_of(m);
  EXPECT_EQ(rates.stage_latency, 20'000);
  EXPECT_EQ(rates.task_start, 300'000);
  EXPECT_DOUBLE_EQ(rates.contention, 0.25);
  EXPECT_DOUBLE_EQ(rates.port_share, 0.5);
  EXPECT_DOUBLE_EQ(rates.synchronous_matrix, 0.75);
}

TEST(CoreRates, WithoutLoadConstantsNothingIsLost) {
  const CoreRates rates = rates_of(machine());
  EXPECT_EQ(rates.stage_latency, 0);
  EXPECT_EQ(rates.task_start, 0);
  EXPECT_DOUBLE_EQ(rates.contention, 0);
  EXPECT_DOUBLE_EQ(rates.port_share, 1);
  EXPECT_DOUBLE_EQ(rates.synchronous_matrix, 1);
}

TEST(CoreRates, PathsOfUnknownWidthAreNeverWaitedFor) {
  MachineSpec m = machine();
  m.memories.front().bandwidth.reset();
  m.units.copy.reset();
  const CoreRates rates = rates_of(m);
  EXPECT_DOUBLE_EQ(rates.port, 0);
  EXPECT_DOUBLE_EQ(rates.copy, 0);
}

TEST(CoreRates, AProductOfAnotherTypeTakesTheNextWiderUnit) {
  CoreRates rates = rates_of(machine());
  EXPECT_DOUBLE_EQ(rates.matrix_ps(DType::fp8_e4m3), 1) << "on the fp16 unit";
  EXPECT_DOUBLE_EQ(rates.matrix_ps(DType::bf16), 1) << "of the same width";
  EXPECT_DOUBLE_EQ(rates.matrix_ps(DType::f32), 1) << "a multiply-add per vector operation";
  rates.matrix[static_cast<std::size_t>(DType::f32)] = 8;
  EXPECT_DOUBLE_EQ(rates.matrix_ps(DType::f32), 8);
  EXPECT_DOUBLE_EQ(rates.matrix_ps(DType::f16), 1);
}

TEST(RunningClock, IsWhatThePowerLimitLeaves) {
  MachineSpec m = machine();
  EXPECT_DOUBLE_EQ(running_clock(m), 1e9);
  m.load.clock = 3e9;
  EXPECT_DOUBLE_EQ(running_clock(m), 2e9) << "no more than the clock of the machine";
  m.load.clock.reset();
  EXPECT_DOUBLE_EQ(running_clock(m), 2e9);
  m.clock.reset();
  EXPECT_DOUBLE_EQ(running_clock(m), 0);
}

TEST(MissingRates, AreNamedByTheirPaths) {
  Paths missing;
  core_rates(test::machine_with({}), missing);
  EXPECT_EQ(missing, (Paths{"hardware.clock", "hardware.units.vector", "hardware.units.exp",
                            "hardware.units.matrix", "hardware.memories.hbm.bandwidth"}));
}

TEST(MissingRates, AMeasuredBandwidthIsEnough) {
  MachineSpec m = machine();
  m.memories.back().read_bandwidth = m.memories.back().bandwidth;
  m.memories.back().bandwidth.reset();
  Paths missing;
  core_rates(m, missing);
  EXPECT_EQ(missing, Paths{});
}

}  // namespace
}  // namespace attnsim::replay::time
