// Illegal traces: the first operation on a tile that is not there, has no value, or has another
// shape ends the replay, with the task, the operation and the tile in the message.
#include <cstdint>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "sim/replay/counts.h"
#include "sim/replay/numbers.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {
namespace {

/// One kernel whose tasks run a given body. Tensor 0 is X (4 x 3), tensor 1 is Y (two of 4 x 1).
class Tasks final : public Schedule {
 public:
  using Body = std::function<void(Emitter&, const Tasks&, GridIndex)>;

  explicit Tasks(Body body, std::vector<GridDim> grid = {{"i", 1}}) : body_(std::move(body)) {
    x = program_.add({.name = "X", .dtype = DType::f16, .rows = 4, .cols = 3});
    y = program_.add({.name = "Y", .dtype = DType::f32, .planes = 2, .rows = 4, .cols = 1});
    program_.add_kernel<&Tasks::run>(*this, "test", std::move(grid));
  }

  Task run(Emitter& em, GridIndex at) const {
    body_(em, *this, at);
    co_return;
  }

  Tensor x, y;

 private:
  Body body_;
};

MachineSpec machine() {
  MachineSpec spec;
  spec.memories = {{.name = "sram",
                    .kind = MemoryKind::scratchpad,
                    .per_core = true,
                    .parent = "hbm",
                    .capacity = Capacity{1000}},
                   {.name = "hbm", .kind = MemoryKind::dram}};
  spec.roles.fill("sram");
  return spec;
}

std::string error_of(const Program& program, TaskSink& sink) {
  try {
    run_program(program, sink);
  } catch (const TraceError& error) {
    return error.what();
  }
  return "legal";
}

/// The error of counting the trace, which executing it must agree with.
std::string error_of(const Tasks& tasks) {
  const MachineSpec spec = machine();
  const Workload workload;
  const Target target(spec, workload);
  Counter counter(tasks.program(), spec, target);
  const std::string counted = error_of(tasks.program(), counter);

  TensorValues values(tasks.program());
  Executor executor(tasks.program(), values, Arithmetic::exact);
  EXPECT_EQ(error_of(tasks.program(), executor), counted);
  return counted;
}

using AgentBody = std::function<void(Agent, const Tasks&)>;

std::string error_of(const AgentBody& body) {
  return error_of(Tasks([&](Emitter& em, const Tasks& t, GridIndex) { body(em.agent(), t); }));
}

using RecordBody = std::function<void(Emitter&)>;

/// For records that no Agent would emit.
std::string error_of_records(const RecordBody& body) {
  return error_of(Tasks([&](Emitter& em, const Tasks&, GridIndex) { body(em); }));
}

TileOp& push(Emitter& em, Op op, std::int32_t m, std::int32_t n) {
  TileOp& record = em.push(op, 0);
  record.m = m;
  record.n = n;
  return record;
}

/// A load of rows 0 .. m of X into new storage.
void load_x(Emitter& em, std::uint32_t slot, std::int32_t m = 2) {
  TileOp& load = push(em, Op::load, m, 3);
  load.flags = kCreates;
  load.t[0] = slot;
}

void drop(Emitter& em, std::uint32_t slot) { push(em, Op::drop, 2, 3).t[0] = slot; }

TEST(Legality, AWellFormedTaskIsLegal) {
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              const Tile x = a.load(t.x.block(0, 0, 2));
              a.store(x, t.x.block(0, 1, 2));
            }),
            "legal");
  EXPECT_EQ(error_of_records([](Emitter& em) {
              load_x(em, 63);
              drop(em, 63);
            }),
            "legal");
}

TEST(Legality, ATileIsWrittenBeforeItIsRead) {
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              const Tile x = a.alloc(Role::operand, 2, 3, DType::f16);
              a.store(x, t.x.block(0, 0, 2));
            }),
            "kernel 'test' task 0 (i=0): op 2 'store': tile t1 (slot 0) is read but never written");
}

TEST(Legality, AnUpdateReadsToo) {
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              const Tile x = a.load(t.x.block(0, 0, 2));
              Tile s = a.alloc(Role::accumulator, 3, 3, DType::f32);
              a.matmul_acc(s, transposed(x), x, DType::f16);
            }),
            "kernel 'test' task 0 (i=0): op 3 'matmul_acc': tile t0 (slot 1) is read but never "
            "written");
}

TEST(Legality, ADroppedTileIsGone) {
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              Tile x = a.load(t.x.block(0, 0, 2));
              x.drop();
              a.store(x, t.x.block(0, 0, 2));
            }),
            "kernel 'test' task 0 (i=0): op 3 'store': tile t1 was dropped or moved from");
  EXPECT_EQ(error_of_records([](Emitter& em) {
              load_x(em, 5);
              drop(em, 5);
              push(em, Op::store, 2, 3).t[1] = 5;
            }),
            "kernel 'test' task 0 (i=0): op 3 'store': tile t1 (slot 5, last loaded from X) is not "
            "resident: used after its drop or before its load");
  EXPECT_EQ(error_of_records([](Emitter& em) {
              load_x(em, 5);
              drop(em, 5);
              drop(em, 5);
            }),
            "kernel 'test' task 0 (i=0): op 3 'drop': tile t0 (slot 5, last loaded from X) is not "
            "resident: used after its drop or before its load");
}

TEST(Legality, ATileIsResidentBeforeItIsUsed) {
  EXPECT_EQ(
      error_of_records([](Emitter& em) { push(em, Op::store, 2, 3).t[1] = 7; }),
      "kernel 'test' task 0 (i=0): op 1 'store': tile t1 (slot 7) is not resident: used after "
      "its drop or before its load");
  EXPECT_EQ(error_of_records([](Emitter& em) { push(em, Op::load_into, 2, 3).t[0] = 7; }),
            "kernel 'test' task 0 (i=0): op 1 'load_into': tile t0 (slot 7) is not resident: used "
            "after its drop or before its load");
  EXPECT_EQ(error_of_records([](Emitter& em) { push(em, Op::store, 2, 3).t[1] = 64; }),
            "kernel 'test' task 0 (i=0): op 1 'store': tile t1 was dropped or moved from");
}

TEST(Legality, StorageIsCreatedOnce) {
  EXPECT_EQ(error_of_records([](Emitter& em) {
              load_x(em, 0);
              load_x(em, 0);
            }),
            "kernel 'test' task 0 (i=0): op 2 'load': tile t0 (slot 0, last loaded from X) is "
            "created in storage that is in use");
}

TEST(Legality, StorageWithoutAValueIsInUseToo) {
  EXPECT_EQ(
      error_of_records([](Emitter& em) {
        TileOp& alloc = push(em, Op::alloc, 2, 3);
        alloc.flags = kCreates;
        alloc.t[0] = 0;
        load_x(em, 0);
      }),
      "kernel 'test' task 0 (i=0): op 2 'load': tile t0 (slot 0) is created in storage that is "
      "in use");
}

TEST(Legality, NoTileIsEmpty) {
  EXPECT_NE(error_of_records([](Emitter& em) { load_x(em, 0, 0); }), "legal");
  EXPECT_NE(error_of_records([](Emitter& em) { load_x(em, 0, -1); }), "legal");
}

TEST(Legality, ShapesFollowTheOperation) {
  EXPECT_EQ(
      error_of([](Agent a, const Tasks& t) {
        Tile x = a.load(t.x.block(0, 0, 2));
        const Tile factor = a.load(t.y.block(0, 0, 3));
        a.scale_rows(x, factor);
      }),
      "kernel 'test' task 0 (i=0): op 3 'scale_rows': tile t1 (slot 1, last loaded from Y) is "
      "3 x 1 and does not match the operation's m=2 n=3 k=0");
  EXPECT_EQ(
      error_of([](Agent a, const Tasks& t) {
        const Tile q = a.load(t.x.block(0, 0, 2));
        const Tile k = a.load(t.x.block(0, 0, 4));
        a.matmul(q, k, DType::f16);  // k is not transposed
      }),
      "kernel 'test' task 0 (i=0): op 3 'matmul': tile t2 (slot 1, last loaded from X) is 4 x "
      "3 and does not match the operation's m=2 n=3 k=3");
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              const Tile q = a.load(t.x.block(0, 0, 2));
              const Tile k = a.load(t.x.block(0, 0, 4));
              a.matmul(q, transposed(k), DType::f16);
            }),
            "legal");
}

TEST(Legality, AValueMayBeSmallerThanItsStorageButNotLarger) {
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              Tile x = a.alloc(Role::operand, 3, 3, DType::f16);
              a.load_into(x, t.x.block(0, 1, 3));  // one row
              a.store(x, t.x.block(0, 0, 1));
              a.load_into(x, t.x.block(0, 0, 3));
            }),
            "legal");
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              Tile x = a.alloc(Role::operand, 2, 3, DType::f16);
              a.load_into(x, t.x.block(0, 0, 3));
            }),
            "kernel 'test' task 0 (i=0): op 2 'load_into': tile t0 (slot 0) is 2 x 3 and does not "
            "match the operation's m=3 n=3 k=0");
}

TEST(Legality, TrafficStaysInsideItsTensor) {
  const auto store_at = [](std::uint16_t tensor, std::int64_t row, std::int32_t col) {
    return error_of_records([=](Emitter& em) {
      load_x(em, 0);
      TileOp& store = push(em, Op::store, 2, 3);
      store.t[1] = 0;
      store.tensor = tensor;
      store.row = row;
      store.col = col;
      drop(em, 0);
    });
  };
  EXPECT_EQ(store_at(0, 2, 0), "legal");
  EXPECT_EQ(store_at(0, 3, 0),
            "kernel 'test' task 0 (i=0): op 2 'store': 2 x 3 elements at row 3, column 0 lie "
            "outside tensor X");
  EXPECT_EQ(store_at(0, -1, 0),
            "kernel 'test' task 0 (i=0): op 2 'store': 2 x 3 elements at row -1, column 0 lie "
            "outside tensor X");
  EXPECT_EQ(store_at(0, 0, 1),
            "kernel 'test' task 0 (i=0): op 2 'store': 2 x 3 elements at row 0, column 1 lie "
            "outside tensor X");
  EXPECT_EQ(store_at(9, 0, 0),
            "kernel 'test' task 0 (i=0): op 2 'store': 2 x 3 elements at row 0, column 0 lie "
            "outside tensor 9");
}

TEST(Legality, ATaskLeavesNoTileBehind) {
  EXPECT_EQ(
      error_of_records([](Emitter& em) { load_x(em, 3); }),
      "kernel 'test' task 0 (i=0): after op 1: tile in slot 3 (2 x 3) is still live at the end "
      "of the task");
}

TEST(Legality, AFaultOfEmissionNamesItsTaskToo) {
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) { a.load(t.x.region(0, 3, 2, 0, 3)); }),
            "kernel 'test' task 0 (i=0): load: region of tensor 0 at row 3, column 0, 2 x 3 "
            "elements, lies outside the tensor");
  EXPECT_EQ(error_of([](Agent a, const Tasks&) {
              std::vector<Tile> tiles;
              for (int i = 0; i < 65; ++i) tiles.push_back(a.alloc(Role::vector, 1, 1, DType::f32));
            }),
            "kernel 'test' task 0 (i=0): more than 64 tiles are live at once");
}

// Operations are counted from 1 in every task; the task is named by its place in the grid.
TEST(Legality, TheMessageNamesTheTask) {
  const Tasks tasks(
      [](Emitter& em, const Tasks& t, GridIndex at) {
        Agent a = em.agent();
        Tile x = a.load(t.x.block(0, 0, 2));
        if (at[0].value() == 1 && at[1].value() == 2) x.drop();
        a.store(x, t.x.block(0, 0, 2));
      },
      {{"i", 2}, {"plane", 3}});
  EXPECT_EQ(error_of(tasks),
            "kernel 'test' task 5 (i=1, plane=2): op 3 'store': tile t1 was dropped or moved from");
}

// A fault far into a task, with full batches before it and live tiles to unwind.
TEST(Legality, AFaultInALaterBatchUnwindsTheTask) {
  EXPECT_EQ(error_of([](Agent a, const Tasks& t) {
              const Tile kept = a.load(t.x.block(0, 0, 2));
              for (int i = 0; i < 200; ++i) a.store(kept, t.x.block(0, 1, 2));
              const Tile empty = a.alloc(Role::operand, 2, 3, DType::f16);
              a.store(empty, t.x.block(0, 0, 2));
              for (int i = 0; i < 2000; ++i) a.store(kept, t.x.block(0, 1, 2));
            }),
            "kernel 'test' task 0 (i=0): op 203 'store': tile t1 (slot 1) is read but never "
            "written");
}

}  // namespace
}  // namespace attnsim::replay
