// What an operation waits for: the writers of its operands, and the readers of what it overwrites.
#include <gtest/gtest.h>

#include "sim/replay/time/window.h"

namespace attnsim::replay::time {
namespace {

class TimeWindow : public testing::Test {
 protected:
  TimeWindow() {
    rates_.matrix[static_cast<std::size_t>(DType::f16)] = 1;
    rates_.vector = rates_.exp = rates_.port = 1;
    shape_.launch = &launch_;
    shape_.rates = &rates_;
    shape_.bench = &bench_;
    shape_.in_scratchpad.fill(true);
    shape_.in_scratchpad[static_cast<std::size_t>(Role::accumulator)] = false;
    shape_.warps.fill(4);
    shape_.strands.fill(1);
  }

  /// An operation on 16 x 16 tiles; slots that are not named are unused.
  static TileOp record(Op op, std::vector<std::uint32_t> slots, std::uint8_t flags = 0,
                       std::uint8_t agent = 0) {
    TileOp r;
    r.op = op;
    r.agent = agent;
    r.flags = flags;
    r.operand_dtype = DType::f16;
    r.m = r.n = r.k = 16;
    for (std::size_t i = 0; i < slots.size(); ++i) r.t[i] = slots[i];
    return r;
  }

  std::uint32_t add(const TileOp& op) {
    EXPECT_TRUE(window_.append(op));
    return window_.end() - 1;
  }
  std::uint32_t load(std::uint32_t slot) { return add(record(Op::load, {slot}, kCreates)); }
  /// slot 2 = slot 0 x slot 1.
  std::uint32_t product(std::uint8_t agent = 0) {
    return add(record(Op::matmul_acc, {2, 0, 1}, 0, agent));
  }
  std::uint32_t scale() { return add(record(Op::scale_rows, {2, 3})); }
  void done(std::uint32_t number, Ps at) {
    TimedOp& op = window_.op(number);
    for (int s = 0; s < op.strands; ++s) op.finish(s, at);
  }
  Ps ready(std::uint32_t number, int strand = 0) { return window_.ready(number, strand, 0).at; }

  Launch launch_{};
  CoreRates rates_{};
  Workbench bench_{};
  Shape shape_{};
  Window window_{shape_, false};
};

TEST_F(TimeWindow, AReadWaitsForTheWrite) {
  const std::uint32_t a = load(0);
  const std::uint32_t b = load(1);
  const std::uint32_t c = product();
  EXPECT_EQ(ready(a), 0);
  EXPECT_EQ(ready(c), kNever);
  done(a, 50);
  EXPECT_EQ(ready(c), kNever);
  done(b, 70);
  EXPECT_EQ(ready(c), 70);
}

TEST_F(TimeWindow, AWriteWaitsForReadersOfWhatWasThere) {
  done(load(0), 10);
  const std::uint32_t reader = product();
  const std::uint32_t other_agent = product(1);
  const std::uint32_t next = load(0);
  done(reader, 40);
  EXPECT_EQ(ready(next), kNever);
  done(other_agent, 60);
  EXPECT_EQ(ready(next), 60);
}

TEST_F(TimeWindow, AWriteWaitsForTheWriteBefore) {
  const std::uint32_t first = add(record(Op::fill, {2}, kCreates));
  const std::uint32_t second = add(record(Op::fill, {2}, kCreates));
  EXPECT_EQ(ready(second), kNever);
  done(first, 5);
  EXPECT_EQ(ready(second), 5);
}

TEST_F(TimeWindow, ADoubleBufferedLoadRunsOneValueAhead) {
  launch_.double_buffered = true;
  const std::uint32_t first = load(0);
  done(first, 10);
  const std::uint32_t first_reader = product();
  const std::uint32_t second = load(0);
  EXPECT_EQ(ready(second), 0) << "into the other buffer";
  done(second, 20);
  const std::uint32_t second_reader = product();
  EXPECT_EQ(ready(second_reader), kNever) << "it accumulates on the first product";
  const std::uint32_t third = load(0);
  EXPECT_EQ(ready(third), kNever);
  done(first_reader, 100);
  EXPECT_EQ(ready(third), 100) << "into the first buffer again";
}

TEST_F(TimeWindow, BesideLoadsNothingIsDoubleBuffered) {
  launch_.double_buffered = true;
  done(add(record(Op::fill, {0}, kCreates)), 0);
  product();
  EXPECT_EQ(ready(add(record(Op::fill, {0}, kCreates))), kNever);
}

TEST_F(TimeWindow, FillingAndDrainingTakesDependentsOfComputations) {
  rates_.stage_latency = 100;
  const std::uint32_t a = load(0);
  const std::uint32_t c = product();
  done(a, 10);
  EXPECT_EQ(ready(c), 10) << "not those of loads";
  const std::uint32_t first = scale();
  done(c, 50);
  EXPECT_EQ(ready(first), 150);
  const std::uint32_t second = scale();
  done(first, 200);
  EXPECT_EQ(ready(second), 200) << "elementwise operations are one stream";
  const std::uint32_t next = product();
  done(second, 300);
  EXPECT_EQ(ready(next), 400);
}

TEST_F(TimeWindow, RowsOfAStrandWaitForTheirOwnPartOnly) {
  launch_.layout = WarpLayout::rows;
  shape_.strands.fill(2);
  const std::uint32_t c = product();
  const std::uint32_t softmax = scale();
  window_.op(c).finish(0, 30);
  EXPECT_EQ(ready(softmax, 0), 30);
  EXPECT_EQ(ready(softmax, 1), kNever);
}

TEST_F(TimeWindow, InOtherLayoutsAStrandWaitsForAllParts) {
  for (const WarpLayout layout : {WarpLayout::columns, WarpLayout::both}) {
    launch_.layout = layout;
    shape_.strands.fill(2);
    const std::uint32_t c = product();
    const std::uint32_t softmax = scale();
    window_.op(c).finish(0, 30);
    EXPECT_EQ(ready(softmax, 0), kNever);
    window_.op(c).finish(1, 45);
    EXPECT_EQ(ready(softmax, 0), 45);
  }
}

TEST_F(TimeWindow, ALoadWaitsForAllStrandsOfItsReaders) {
  launch_.layout = WarpLayout::rows;
  shape_.strands.fill(2);
  const std::uint32_t c = product();
  const std::uint32_t next = load(1);
  window_.op(c).finish(0, 30);
  EXPECT_EQ(ready(next), kNever);
  window_.op(c).finish(1, 31);
  EXPECT_EQ(ready(next), 31);
}

TEST_F(TimeWindow, UnitsAndWorkFollowFromTheRecord) {
  shape_.strands.fill(4);
  done(load(0), 0);
  EXPECT_EQ(window_.op(1).unit, Unit::copy_in);
  EXPECT_EQ(window_.op(1).strands, 1);
  const TimedOp& c = window_.op(product());
  EXPECT_EQ(c.unit, Unit::matrix);
  EXPECT_EQ(c.strands, 4);
  EXPECT_TRUE(c.waited_for);
  EXPECT_EQ(c.work, static_cast<Ps>(window_.last_cost.busy / 4));
  EXPECT_EQ(window_.op(scale()).work, 16 * 16 / 4);
  EXPECT_EQ(window_.op(add(record(Op::fill, {4}, kCreates))).unit, Unit::none);
}

TEST_F(TimeWindow, AsynchronousProductsAreNotWaitedFor) {
  launch_.asynchronous_matrix = true;
  EXPECT_FALSE(window_.op(product()).waited_for);
  EXPECT_TRUE(window_.op(scale()).waited_for);
}

TEST_F(TimeWindow, AStoreFromRegistersIsWaitedForAndOneFromTheScratchpadIsNot) {
  TileOp accumulator = record(Op::fill, {2}, kCreates);
  accumulator.role = Role::accumulator;
  add(accumulator);
  add(record(Op::fill, {5}, kCreates));
  EXPECT_TRUE(window_.op(add(record(Op::store, {kNoSlot, 2}))).waited_for);
  EXPECT_FALSE(window_.op(add(record(Op::store, {kNoSlot, 5}))).waited_for);
}

/// dQ = dS K and dV = P^T dO have the same sizes, and other warps hold what they read.
TEST_F(TimeWindow, CostsOfTransposedProductsAreTheirOwn) {
  launch_.layout = WarpLayout::columns;
  TileOp held = record(Op::fill, {0}, kCreates);
  held.role = Role::accumulator;
  add(held);
  add(record(Op::matmul_acc, {2, 0, 1}));
  const double plain = window_.last_cost.port;
  add(record(Op::matmul_acc, {2, 0, 1}, kTransposeA));
  EXPECT_NE(window_.last_cost.port, plain);
  add(record(Op::matmul_acc, {2, 0, 1}));
  EXPECT_EQ(window_.last_cost.port, plain);
}

TEST_F(TimeWindow, CostsOfAnotherOperandTypeAreTheirOwn) {
  rates_.matrix[static_cast<std::size_t>(DType::f32)] = 8;
  product();
  const double half = window_.last_cost.matrix;
  TileOp single = record(Op::matmul_acc, {2, 0, 1});
  single.operand_dtype = DType::f32;
  add(single);
  EXPECT_DOUBLE_EQ(window_.last_cost.matrix, 8 * half);
}

TEST_F(TimeWindow, CostsOfMovesToAnotherMemoryAreTheirOwn) {
  TileOp move = record(Op::move, {4, 2}, kCreates);
  move.dtype = DType::f16;
  move.role = Role::staging;
  add(move);
  EXPECT_DOUBLE_EQ(window_.last_cost.port, 16 * 16 * 2);
  move.role = Role::accumulator;
  add(move);
  EXPECT_DOUBLE_EQ(window_.last_cost.port, 0);
  move.role = Role::staging;
  move.dtype = DType::f32;
  add(move);
  EXPECT_DOUBLE_EQ(window_.last_cost.port, 16 * 16 * 4);
}

TEST_F(TimeWindow, StructureAndStorageAreNoOperations) {
  EXPECT_FALSE(window_.append(record(Op::loop_begin, {})));
  EXPECT_FALSE(window_.append(record(Op::loop_next, {})));
  EXPECT_FALSE(window_.append(record(Op::alloc, {0}, kCreates)));
  EXPECT_FALSE(window_.append(record(Op::drop, {0})));
  EXPECT_TRUE(window_.empty());
}

TEST_F(TimeWindow, RetiresInOrderWhenResultsAreThere) {
  rates_.stage_latency = 5;
  const std::uint32_t first = load(0);
  const std::uint32_t second = load(1);
  EXPECT_EQ(window_.retires_at(), kNever);
  done(second, 10);
  window_.retire(100);
  EXPECT_EQ(window_.begin(), first) << "the first is not done";
  done(first, 40);
  EXPECT_EQ(window_.retires_at(), 45);
  window_.retire(44);
  EXPECT_EQ(window_.begin(), first);
  window_.retire(45);
  EXPECT_TRUE(window_.empty());
  EXPECT_EQ(ready(product()), 0) << "what is forgotten is not waited for";
}

TEST_F(TimeWindow, CountsIterationsSinceTheOldestUnfinishedOperation) {
  window_.append(record(Op::loop_next, {}));
  const std::uint32_t first = load(0);
  window_.append(record(Op::loop_next, {}));
  window_.append(record(Op::loop_next, {}));
  load(1);
  EXPECT_EQ(window_.iterations_ahead(), 2U);
  done(first, 1);
  window_.retire(1);
  EXPECT_EQ(window_.iterations_ahead(), 0U);
}

TEST_F(TimeWindow, GrowsWithoutForgetting) {
  std::vector<std::uint32_t> loads;
  for (std::uint32_t i = 0; i < 100; ++i) {
    TileOp op = record(Op::load, {i % 50}, kCreates);
    op.row = i;
    loads.push_back(add(op));
    done(loads.back(), i);
  }
  for (std::uint32_t i = 0; i < 100; ++i) {
    EXPECT_EQ(window_.record(loads[i]).row, i);
    EXPECT_EQ(window_.op(loads[i]).done[0], i);
  }
}

}  // namespace
}  // namespace attnsim::replay::time
