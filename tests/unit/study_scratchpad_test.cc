// Algorithms beside a curve: formulas are what replays count, and what does not fit says so.
#include <gtest/gtest.h>

#include "sim/replay/replay.h"
#include "sim/study/scratchpad_curve.h"

namespace attnsim::study {
namespace {

MachineSpec two_level() {
  MachineSpec machine;
  machine.id = "abstract_two_level";
  machine.uniform_words = true;
  machine.memories = {{.name = "sram",
                       .kind = MemoryKind::scratchpad,
                       .per_core = true,
                       .parent = "hbm",
                       .capacity = Capacity{1, true}},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  return machine;
}

AlgorithmChoice fitted(const std::string& id) {
  AlgorithmChoice choice{.name = id, .tiles = {.rule = TileRule::fit}};
  choice.params.set("pack_gqa", false);
  choice.params.set("trimmed", false);
  return choice;
}

ScratchpadRequest request() {
  ScratchpadRequest out{.machine = two_level()};
  out.workload.heads = out.workload.kv_heads = 2;
  out.workload.seqlen_q = out.workload.seqlen_kv = 50;
  out.workload.head_dim = out.workload.head_dim_v = 16;
  out.workload.causal = true;
  for (const char* id : {"standard", "flash_attention_1", "flash_attention_2"}) {
    out.algorithms.push_back(fitted(id));
  }
  for (const std::uint64_t bytes : {8, 256, 512, 2048, 8192}) out.capacities.emplace_back(bytes);
  return out;
}

TEST(ScratchpadSeries, AreWhatReplaysOfTheSameRunsCount) {
  const ScratchpadRequest asked = request();
  const std::vector<CurveSeries> all = scratchpad_series(asked);
  ASSERT_EQ(all.size(), 3U);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const CurveSeries& series = all[i];
    EXPECT_EQ(series.policy, asked.algorithms[i].name);
    EXPECT_EQ(series.points.size() + series.infeasible.size(), 5U);
    EXPECT_GE(series.points.size(), 3U);
    EXPECT_EQ(series.tiles.size(), series.points.size());
    for (const CurvePoint& point : series.points) {
      RunSpec run{.workload = asked.workload, .machine = asked.machine};
      run.algorithm = asked.algorithms[i];
      run.machine.memories[0].capacity = Capacity{point.capacity.count / 2, true};
      const Result result = replay::replay(run);
      EXPECT_TRUE(result.fits());
      const IoRow* total = result.io_row("hbm", "total");
      ASSERT_NE(total, nullptr);
      EXPECT_EQ(point.read, total->read_bytes) << series.policy << " " << point.capacity.count;
      EXPECT_EQ(point.write, total->write_bytes) << series.policy << " " << point.capacity.count;
    }
  }
}

TEST(ScratchpadSeries, WhatDoesNotFitSaysWhy) {
  const CurveSeries flash = scratchpad_series(request())[1];
  ASSERT_FALSE(flash.infeasible.empty());
  EXPECT_EQ(flash.infeasible[0].capacity, Bytes(8)) << "four words";
  EXPECT_NE(flash.infeasible[0].reason.find("flash_attention_1"), std::string::npos)
      << flash.infeasible[0].reason;
  EXPECT_EQ(flash.tiles.back().substr(0, 3), "Br ");
}

TEST(PowerOfTwoGrid, CoversBothEnds) {
  using Grid = std::vector<Bytes>;
  EXPECT_EQ(power_of_two_grid(Bytes(2), Bytes(9)), (Grid{Bytes(2), Bytes(4), Bytes(8), Bytes(16)}));
  EXPECT_EQ(power_of_two_grid(Bytes(100), Bytes(128)), (Grid{Bytes(64), Bytes(128)}));
  EXPECT_EQ(power_of_two_grid(Bytes(64), Bytes(64)), (Grid{Bytes(64)}));
  EXPECT_EQ(power_of_two_grid(Bytes(0), Bytes(1)), (Grid{Bytes(1)}));
}

}  // namespace
}  // namespace attnsim::study
