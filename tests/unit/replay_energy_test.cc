// Energy by hand, and the guesses that a result names.
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/energy.h"
#include "sim/replay/guesses.h"
#include "tests/support/machines.h"

namespace attnsim::replay {
namespace {

IoRow moved(const char* memory, const char* tensor, std::uint64_t read, std::uint64_t written) {
  return {
      .memory = memory, .tensor = tensor, .read_bytes = Bytes(read), .write_bytes = Bytes(written)};
}

/// Of small_gpu(): 5,000 bytes are read out of the scratchpad and 1,000 leave the cores.
Result run_with(std::uint64_t hbm_bytes) {
  Result result;
  result.run.machine = test::small_gpu();
  for (MemorySpec& m : result.run.machine.memories) {
    if (m.name == "sram") m.kind = MemoryKind::scratchpad;
    if (m.name == "sram") m.energy = 1e-12;
    if (m.name == "l2") m.energy = 10e-12;
    if (m.name == "hbm") m.energy = 100e-12;
  }
  result.io = {moved("hbm", "total", hbm_bytes, 0), moved("l2", "Q", 900, 0),
               moved("l2", "O", 0, 100), moved("l2", "total", 900, 100),
               moved("sram", "total", 5000, 0)};
  return result;
}

void expect_row(const EnergyRow& row, const char* memory, std::uint64_t bytes, double picojoules) {
  EXPECT_EQ(row.memory, memory);
  EXPECT_EQ(row.bytes.count, bytes) << memory;
  EXPECT_NEAR(row.joules, picojoules * 1e-12, 1e-18) << memory;
}

TEST(Energy, OfACacheThatPassesAllThroughIsThatOfTheMemoryBehindIt) {
  const std::vector<EnergyRow> rows = energy_rows(run_with(1000));
  ASSERT_EQ(rows.size(), 4u);
  expect_row(rows[0], "sram", 5000, 5000);
  expect_row(rows[1], "l2", 0, 0);
  expect_row(rows[2], "hbm", 1000, 100'000);  // the path contains L2's
  expect_row(rows[3], "total", 6000, 105'000);
}

TEST(Energy, ChargesHitsWithThePathToTheCache) {
  const std::vector<EnergyRow> rows = energy_rows(run_with(300));
  ASSERT_EQ(rows.size(), 4u);
  expect_row(rows[1], "l2", 700, 7000);
  expect_row(rows[2], "hbm", 300, 30'000);
  expect_row(rows[3], "total", 6000, 42'000);
}

TEST(Energy, OfLinesThatAreFetchedAndNotAskedForIsThatOfTheFetch) {
  const std::vector<EnergyRow> rows = energy_rows(run_with(1300));
  expect_row(rows.at(1), "l2", 0, 0);
  expect_row(rows.at(2), "hbm", 1300, 130'000);
}

TEST(Energy, LeavesOutMemoriesWithoutOne) {
  Result result = run_with(300);
  result.run.machine.memories[1].energy.reset();
  EXPECT_EQ(energy_rows(result).size(), 3u);
  for (MemorySpec& m : result.run.machine.memories) m.energy.reset();
  EXPECT_TRUE(energy_rows(result).empty());
}

TEST(Guesses, AreThoseThatTheReadingsOfAResultRestOn) {
  Result result;
  result.run.machine.estimated = {"memories.hbm.energy",
                                  "memories.l2.capacity",
                                  "memories.hbm.read_bandwidth",
                                  "memories.l2.latency",
                                  "units.exp",
                                  "core.threads",
                                  "load.task_start",
                                  "launch_next",
                                  "clock",
                                  "cores",
                                  "memories.l2.line"};
  name_guesses(result);
  EXPECT_EQ(result.provenance.estimated_inputs, std::vector<std::string>{"memories.l2.capacity"});
  result.energy = {{.memory = "hbm"}};
  name_guesses(result);
  EXPECT_EQ(result.provenance.estimated_inputs,
            (std::vector<std::string>{"memories.hbm.energy", "memories.l2.capacity"}));
  result.energy.clear();
  result.time = TimeReport{};
  name_guesses(result);
  EXPECT_EQ(result.provenance.estimated_inputs,
            (std::vector<std::string>{"memories.l2.capacity", "memories.hbm.read_bandwidth",
                                      "memories.l2.latency", "units.exp", "core.threads",
                                      "load.task_start", "launch_next", "clock", "cores"}));
}

}  // namespace
}  // namespace attnsim::replay
