// Tiles, slots and records: what an algorithm's scopes leave in the trace.
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/trace/agent.h"
#include "sim/trace/emitter.h"
#include "sim/trace/op_table.h"
#include "sim/trace/trace_error.h"

namespace attnsim {
namespace {

class Recorder final : public Sink {
 public:
  void consume(std::span<const TileOp> ops) override {
    batches.push_back(ops.size());
    records.insert(records.end(), ops.begin(), ops.end());
  }
  std::vector<TileOp> records;
  std::vector<std::size_t> batches;
};

/// "fill 0; drop 0": operations with the slots they name.
std::string story(const std::vector<TileOp>& records) {
  std::string out;
  for (const TileOp& op : records) {
    out += (out.empty() ? "" : "; ") + std::string(op_row(op.op).name);
    for (const std::uint32_t slot : op.t) {
      if (slot != kNoSlot) out += ' ' + std::to_string(slot);
    }
  }
  return out;
}

/// What `body` emits.
std::vector<TileOp> record(const std::function<void(Agent)>& body) {
  Recorder recorder;
  Emitter emitter(recorder);
  body(emitter.agent());
  emitter.flush();
  return recorder.records;
}

Tile small(Agent a) { return a.fill(Role::operand, 2, 3, DType::f16, 0); }

static_assert(!std::is_copy_constructible_v<Tile> && !std::is_copy_assignable_v<Tile>);
static_assert(std::is_nothrow_move_constructible_v<Tile> &&
              std::is_nothrow_move_assignable_v<Tile>);

TEST(Tile, DropsAtTheEndOfItsScopeInReverseOrder) {
  EXPECT_EQ(story(record([](Agent a) {
              const Tile x = small(a);
              {
                const Tile y = small(a);
                const Tile z = small(a);
              }
              const Tile w = small(a);
            })),
            "fill 0; fill 1; fill 2; drop 2; drop 1; fill 1; drop 1; drop 0");
}

TEST(Tile, TakesTheLowestFreeSlot) {
  EXPECT_EQ(story(record([](Agent a) {
              Tile x = small(a);
              Tile y = small(a);
              const Tile z = small(a);
              y.drop();
              x.drop();
              const Tile w = small(a);
            })),
            "fill 0; fill 1; fill 2; drop 1; drop 0; fill 0; drop 0; drop 2");
}

TEST(Tile, MovesWithoutARecord) {
  EXPECT_EQ(story(record([](Agent a) {
              Tile x = small(a);
              const Tile y = std::move(x);
              EXPECT_EQ(x.slot(), kNoSlot);  // NOLINT(bugprone-use-after-move)
              EXPECT_EQ(y.slot(), 0u);
              EXPECT_EQ(y.rows(), 2);
              EXPECT_EQ(y.cols(), 3);
            })),
            "fill 0; drop 0");
}

TEST(Tile, AssigningOverATileDropsIt) {
  EXPECT_EQ(story(record([](Agent a) {
              Tile x = small(a);
              x = small(a);
            })),
            "fill 0; fill 1; drop 0; drop 1");
}

TEST(Tile, IsDroppedOnce) {
  EXPECT_EQ(story(record([](Agent a) {
              Tile x = small(a);
              x.drop();
              x.drop();
              EXPECT_EQ(x.slot(), kNoSlot);
              const Tile none;
            })),
            "fill 0; drop 0");
}

TEST(Tile, MovedOntoItselfStays) {
  EXPECT_EQ(story(record([](Agent a) {
              Tile x = small(a);
              Tile& same = x;
              x = std::move(same);
              EXPECT_EQ(x.slot(), 0u);
            })),
            "fill 0; drop 0");
}

TEST(Emitter, HoldsSixtyFourTilesAtOnce) {
  std::string error;
  const auto records = record([&](Agent a) {
    std::vector<Tile> tiles;
    try {
      while (true) tiles.push_back(small(a));
    } catch (const TraceError& e) {
      error = e.what();
    }
    EXPECT_EQ(tiles.size(), 64u);
  });
  EXPECT_EQ(error, "more than 64 tiles are live at once");
  EXPECT_EQ(records.size(), 2u * 64);
}

TEST(Emitter, HandsRecordsOverInBatches) {
  Recorder recorder;
  Emitter emitter(recorder);
  for (int i = 0; i < 500; ++i) small(emitter.agent());
  emitter.flush();
  emitter.flush();  // nothing pending: no empty batch
  EXPECT_EQ(recorder.records.size(), 1000u);
  EXPECT_GT(recorder.batches.size(), 1u);
  EXPECT_LE(recorder.batches.size(), 5u);
  for (std::size_t i = 0; i < 1000; i += 2) {
    ASSERT_EQ(recorder.records[i].op, Op::fill);
    ASSERT_EQ(recorder.records[i + 1].op, Op::drop);
  }
}

// Drops come from destructors, which cannot flush: as many as can be live must find room.
TEST(Emitter, HasRoomForTheDropsOfAFullTable) {
  for (int before = 0; before < 300; ++before) {
    const auto records = record([&](Agent a) {
      for (int i = 0; i < before; ++i) a.init({.rows = 1, .cols = 1}, 0);
      std::vector<Tile> tiles;
      for (int i = 0; i < kMaxSlots; ++i) tiles.push_back(small(a));
    });
    ASSERT_EQ(records.size(), static_cast<std::size_t>(before + 2 * kMaxSlots));
    ASSERT_EQ(records.back().op, Op::drop);
  }
}

TEST(Emitter, AgentsSignTheirRecords) {
  Recorder recorder;
  Emitter emitter(recorder);
  {
    const Tile x = small(emitter.agent(3));
    const Tile y = small(emitter.agent());
  }
  emitter.flush();
  std::string agents;
  for (const TileOp& op : recorder.records) agents += std::to_string(op.agent) + ' ';
  EXPECT_EQ(agents, "3 0 0 3 ");
}

// Regions of tensors.

Tensor tensor_of(std::int64_t planes, std::int64_t rows, std::int64_t cols) {
  return {5, {.name = "T", .dtype = DType::bf16, .planes = planes, .rows = rows, .cols = cols}};
}

/// "7 x 3 at 40, 0"; flat_row counts the rows of all planes.
std::string text(const Region& r) {
  return std::to_string(r.rows) + " x " + std::to_string(r.cols) + " at " +
         std::to_string(r.flat_row) + ", " + std::to_string(r.col) + (r.inside ? "" : ", outside");
}

TEST(Region, OfABlockOfRowsIsClippedAtTheEndOfItsPlane) {
  const Tensor t = tensor_of(2, 10, 6);
  EXPECT_EQ(text(t.block(0, 0, 4)), "4 x 6 at 0, 0");
  EXPECT_EQ(text(t.block(0, 2, 4)), "2 x 6 at 8, 0");
  EXPECT_EQ(text(t.block(1, 2, 4)), "2 x 6 at 18, 0");
  EXPECT_EQ(text(t.block(1, 0, 100)), "10 x 6 at 10, 0");
  EXPECT_EQ(t.block(0, 0, 4).tensor, 5);
  EXPECT_EQ(t.block(0, 0, 4).dtype, DType::bf16);
}

TEST(Region, OfAGridIsClippedAtBothEdges) {
  const Tensor t = tensor_of(2, 10, 6);
  EXPECT_EQ(text(t.block(1, 1, 4, 0, 4)), "4 x 4 at 14, 0");
  EXPECT_EQ(text(t.block(1, 2, 4, 1, 4)), "2 x 2 at 18, 4");
}

TEST(Region, OfAPlaneIsAllOfIt) { EXPECT_EQ(text(tensor_of(3, 4, 5).plane(2)), "4 x 5 at 8, 0"); }

TEST(Region, KnowsWhenItLiesOutside) {
  const Tensor t = tensor_of(2, 10, 6);
  EXPECT_TRUE(t.region(1, 9, 1, 5, 1).inside);
  EXPECT_FALSE(t.region(2, 0, 1, 0, 1).inside);
  EXPECT_FALSE(t.region(-1, 0, 1, 0, 1).inside);
  EXPECT_FALSE(t.region(0, -1, 1, 0, 1).inside);
  EXPECT_FALSE(t.region(0, 9, 2, 0, 1).inside);  // would reach into the next plane
  EXPECT_FALSE(t.region(0, 0, 1, 5, 2).inside);
  EXPECT_FALSE(t.region(0, 0, 1, -1, 2).inside);
  EXPECT_FALSE(t.region(0, 0, 0, 0, 1).inside);
  EXPECT_FALSE(t.block(0, 3, 4).inside);
  EXPECT_FALSE(t.block(0, -1, 4).inside);
}

std::string error_of(const std::function<void(Agent)>& body) {
  try {
    record(body);
  } catch (const TraceError& error) {
    return error.what();
  }
  return "no TraceError";
}

TEST(Agent, TrafficOutsideATensorIsAnError) {
  const Tensor t = tensor_of(2, 10, 6);
  EXPECT_EQ(
      error_of([&](Agent a) { a.load(t.region(1, 8, 3, 0, 6)); }),
      "load: region of tensor 5 at row 18, column 0, 3 x 6 elements, lies outside the tensor");
  EXPECT_EQ(error_of([&](Agent a) {
              Tile x = small(a);
              a.load_into(x, t.region(0, 0, 1, 4, 3));
            }),
            "load_into: region of tensor 5 at row 0, column 4, 1 x 3 elements, lies outside the "
            "tensor");
  EXPECT_EQ(error_of([&](Agent a) { a.store(small(a), t.region(2, 0, 2, 0, 3)); }),
            "store: region of tensor 5 at row 20, column 0, 2 x 3 elements, lies outside the "
            "tensor");
  EXPECT_EQ(error_of([&](Agent a) { a.init(t.region(0, 0, 11, 0, 1), 0); }),
            "store_fill: region of tensor 5 at row 0, column 0, 11 x 1 elements, lies outside the "
            "tensor");
}

TEST(Agent, ATileHasElements) {
  EXPECT_EQ(error_of([](Agent a) { a.alloc(Role::operand, 0, 3, DType::f16); }),
            "alloc: a tile of 0 x 3 elements");
  EXPECT_EQ(error_of([](Agent a) { a.fill(Role::operand, 3, -1, DType::f16, 0); }),
            "fill: a tile of 3 x -1 elements");
}

// One record per operation.

TEST(Agent, LoadNamesItsRegion) {
  const Tensor t = tensor_of(2, 10, 6);
  const TileOp op = record([&](Agent a) { a.load(t.block(1, 2, 4), Role::staging); })[0];
  EXPECT_EQ(op.op, Op::load);
  EXPECT_EQ(op.flags, kCreates);
  EXPECT_EQ(op.tensor, 5);
  EXPECT_EQ(op.row, 18);
  EXPECT_EQ(op.col, 0);
  EXPECT_EQ(op.m, 2);
  EXPECT_EQ(op.n, 6);
  EXPECT_EQ(op.role, Role::staging);
  EXPECT_EQ(op.dtype, DType::bf16);
}

TEST(Agent, LoadIntoKeepsTheStorageAndShapesTheValue) {
  const Tensor t = tensor_of(1, 10, 6);
  const auto records = record([&](Agent a) {
    Tile x = a.alloc(Role::staging, 4, 6, DType::bf16);
    a.load_into(x, t.block(0, 2, 4));
    EXPECT_EQ(x.rows(), 2);
    EXPECT_EQ(x.cols(), 6);
  });
  EXPECT_EQ(story(records), "alloc 0; load_into 0; drop 0");
  EXPECT_EQ(records[1].flags, 0);
  EXPECT_EQ(records[1].m, 2);
}

TEST(Agent, StoreAndInitNameTheirRegion) {
  const Tensor t = tensor_of(1, 10, 6);
  const auto records = record([&](Agent a) {
    a.init(t.region(0, 4, 3, 2, 2), -1.5);
    a.store(small(a), t.region(0, 1, 2, 3, 3));
  });
  EXPECT_EQ(story(records), "store_fill; fill 0; store 0; drop 0");
  EXPECT_EQ(records[0].flags, kInit);
  EXPECT_EQ(records[0].value, -1.5);
  EXPECT_EQ(records[0].row, 4);
  EXPECT_EQ(records[0].col, 2);
  EXPECT_EQ(records[2].t[0], kNoSlot);
  EXPECT_EQ(records[2].t[1], 0u);
  EXPECT_EQ(records[2].row, 1);
  EXPECT_EQ(records[2].col, 3);
}

TEST(Agent, ProductsTakeTheirShapeFromTheOperands) {
  const auto records = record([](Agent a) {
    const Tile q = a.fill(Role::operand, 4, 5, DType::f16, 0);
    const Tile k = a.fill(Role::operand, 6, 5, DType::f16, 0);
    Tile s = a.matmul(q, transposed(k), DType::f16, 0.5);
    EXPECT_EQ(s.rows(), 4);
    EXPECT_EQ(s.cols(), 6);
    a.matmul_acc(s, q, transposed(k), DType::bf16);
  });
  EXPECT_EQ(story(records),
            "fill 0; fill 1; matmul 2 0 1; matmul_acc 2 0 1; drop 2; drop 1; drop 0");
  for (int i : {2, 3}) {
    const TileOp& op = records[static_cast<std::size_t>(i)];
    EXPECT_EQ(op.m, 4);
    EXPECT_EQ(op.n, 6);
    EXPECT_EQ(op.k, 5);
  }
  EXPECT_EQ(records[2].flags, kCreates | kTransposeB);
  EXPECT_EQ(records[2].role, Role::accumulator);
  EXPECT_EQ(records[2].dtype, DType::f32);
  EXPECT_EQ(records[2].operand_dtype, DType::f16);
  EXPECT_EQ(records[2].value, 0.5);
  EXPECT_EQ(records[3].flags, kTransposeB);
  EXPECT_EQ(records[3].operand_dtype, DType::bf16);
  EXPECT_EQ(records[3].value, 1.0);
}

TEST(Agent, BandCarriesTheLocalMask) {
  const auto records = record([](Agent a) {
    Tile s = small(a);
    a.band(s, {.lo = -7, .hi = 2, .row_group = 4, .phase = 3});
  });
  const TileOp& op = records[1];
  EXPECT_EQ(op.op, Op::band);
  EXPECT_EQ(op.lo, -7);
  EXPECT_EQ(op.hi, 2);
  EXPECT_EQ(op.k, 4);
  EXPECT_EQ(op.col, 3);
}

TEST(Agent, VectorOperationsNameTheirTilesInTheOrderOfTheTable) {
  EXPECT_EQ(story(record([](Agent a) {
              Tile s = small(a);
              Tile m = a.fill(Role::vector, 2, 1, DType::f32, 0);
              Tile l = a.fill(Role::vector, 2, 1, DType::f32, 0);
              Tile o = a.fill(Role::accumulator, 2, 4, DType::f32, 0);
              auto block = a.softmax_local(s);
              a.merge_stats(m, l, block.m, block.l);
              a.online_softmax(s, m, l, o);
              const Tile factor = a.softmax_step(s, m, l);
              a.softmax_stats(s, m, l);
              a.softmax_apply(s, m, l);
              a.scale_rows(o, factor);
              a.div_rows(o, l);
              a.lse(m, l);
            })),
            "fill 0; fill 1; fill 2; fill 3; alloc 4; alloc 5; softmax_local 0 4 5; "
            "merge_stats 1 2 4 5; online_softmax 0 1 2 3; alloc 6; softmax_step 0 1 2 6; "
            "softmax_stats 0 1 2; softmax_apply 0 1 2; scale_rows 3 6; div_rows 3 2; lse 1 2; "
            "drop 6; drop 5; drop 4; drop 3; drop 2; drop 1; drop 0");
}

TEST(Agent, MoveMakesATileInAnotherMemory) {
  const auto records = record([](Agent a) {
    const Tile x = small(a);
    const Tile y = a.move(x, Role::exchange, DType::f32);
    EXPECT_EQ(y.rows(), 2);
    EXPECT_EQ(y.cols(), 3);
  });
  EXPECT_EQ(story(records), "fill 0; move 1 0; drop 1; drop 0");
  EXPECT_EQ(records[1].role, Role::exchange);
  EXPECT_EQ(records[1].dtype, DType::f32);
}

// A dropped handle still knows its shape but names no slot: the replay refuses the record.
TEST(Agent, ADroppedTileNamesNoSlot) {
  const auto records = record([](Agent a) {
    Tile x = small(a);
    x.drop();
    a.scale_rows(x, x);
  });
  EXPECT_EQ(records[2].op, Op::scale_rows);
  EXPECT_EQ(records[2].t[0], kNoSlot);
}

}  // namespace
}  // namespace attnsim
