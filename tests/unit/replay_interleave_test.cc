// Interleaving: what a memory shared by all cores sees, and in which order.
#include <map>

#include <gtest/gtest.h>

#include "sim/replay/interleave.h"
#include "sim/replay/replay.h"

namespace attnsim::replay {
namespace {

/// Tasks t = 0 .. 4; task t loads t + 1 rows of 8 columns, one a loop iteration, and stores one
/// row.
class Staircase final : public Schedule {
 public:
  Staircase() {
    x_ = program_.add({"X", TensorRole::workspace, DType::f16, 1, 5, 8});
    program_.add_kernel<&Staircase::climb>(*this, "climb", {{"t", 5}});
  }
  std::vector<TileShape> footprint() const override { return {{Role::operand, DType::f16, 2, 8}}; }

  Task climb(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    {
      Loop loop(em, all_blocks(at[0].value() + 1));
      for (Index r; co_await loop.next(r);) Tile x = a.load(x_.block(0, r, 1));
    }
    Tile y = a.fill(Role::operand, 1, 8, DType::f16, 0);
    a.store(y, x_.block(0, at[0], 1));
  }

 private:
  Tensor x_;
};

/// Rows touched, stores as -1 - row, and from which place; every record moves 16 bytes.
class Rows final : public TrafficListener {
 public:
  std::uint64_t traffic(const TileOp& op, std::size_t place) override {
    rows.push_back(op.op == Op::store ? -1 - op.row : op.row);
    places.push_back(place);
    return 16;
  }
  std::vector<std::int64_t> rows;
  std::vector<std::size_t> places;
};

TEST(Interleave, OneResidentTaskIsTheSequentialOrder) {
  const Staircase schedule;
  Rows rows;
  run_interleaved(schedule.program().kernels()[0], 1, rows);
  EXPECT_EQ(rows.rows, (std::vector<std::int64_t>{0, -1,                     // task 0
                                                  0, 1,  -2,                 // task 1
                                                  0, 1,  2,  -3,             // task 2
                                                  0, 1,  2,  3,  -4,         // task 3
                                                  0, 1,  2,  3,  4,  -5}));  // task 4
}

TEST(Interleave, ThePlaceThatMovedLeastGoesNext) {
  const Staircase schedule;
  Rows rows;
  run_interleaved(schedule.program().kernels()[0], 2, rows);
  // Tasks 0 and 1 start in places 0 and 1; task 2 follows in place 0 at 32 bytes, task 3 in place 1
  // at 48, task 4 in place 0 at 96. A body runs on to its next loop head or its end, so the store
  // comes with the last row.
  EXPECT_EQ(rows.rows, (std::vector<std::int64_t>{0, -1, 0, 1, -2, 0, 1, 0, 2, -3,
                                                  1, 2,  0, 3, -4, 1, 2, 3, 4, -5}));
  EXPECT_EQ(rows.places,
            (std::vector<std::size_t>{0, 0, 1, 1, 1, 0, 0, 1, 0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0}));
}

TEST(Interleave, WidthChangesTheOrderAndNothingElse) {
  const Staircase schedule;
  std::map<std::int64_t, int> expected;
  Rows sequential;
  run_interleaved(schedule.program().kernels()[0], 1, sequential);
  for (const std::int64_t row : sequential.rows) ++expected[row];
  for (const std::int64_t width : {2, 3, 5, 100}) {
    Rows rows;
    run_interleaved(schedule.program().kernels()[0], width, rows);
    std::map<std::int64_t, int> seen;
    for (const std::int64_t row : rows.rows) ++seen[row];
    EXPECT_EQ(seen, expected) << width;
  }
}

TEST(Interleave, ResidencyFollowsTheTightestMemory) {
  MachineSpec machine;
  machine.memories = {{.name = "sram",
                       .kind = MemoryKind::scratchpad,
                       .per_core = true,
                       .parent = "hbm",
                       .capacity = Capacity{100, false}},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  const Workload workload;
  const Staircase schedule;  // 2 x 8 elements of fp16: 32 bytes
  EXPECT_EQ(resident_per_core(schedule, machine, Target(machine, workload)), 3);
  machine.memories[0].capacity = Capacity{31, false};  // OVER, but somebody has to run
  EXPECT_EQ(resident_per_core(schedule, machine, Target(machine, workload)), 1);
  machine.memories[0].capacity = Capacity{1 << 20, false};
  EXPECT_EQ(resident_per_core(schedule, machine, Target(machine, workload)), 32);
}

}  // namespace
}  // namespace attnsim::replay
