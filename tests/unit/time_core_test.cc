// One core at work on schedules of a few operations: its times to the picosecond, by hand. A
// product of 16 x 16 x 16 takes 8192 ps, scaling its rows 256 ps.
#include <gtest/gtest.h>

#include "sim/replay/time/core.h"
#include "tests/support/timed_kernels.h"

namespace attnsim::replay::time {
namespace {

using test::picosecond_machine;
using test::planned_kernels;
using test::run_kernel;
using test::WorkLog;

constexpr Ps kProduct = 8192;
constexpr Ps kScale = 256;

Tile operand(Agent agent) { return agent.fill(Role::operand, 16, 16, DType::f16, 1); }
Tile result(Agent agent) { return agent.fill(Role::accumulator, 16, 16, DType::f32, 0); }
Tile statistic(Agent agent) { return agent.fill(Role::vector, 16, 1, DType::f32, 1); }

Task product(Emitter& em, GridIndex, Tensor) {
  Agent agent = em.agent();
  const Tile a = operand(agent);
  const Tile b = operand(agent);
  const Tile c = agent.matmul(a, b, DType::f16);
  co_return;
}

/// Scores, softmax, scaling of the output.
Task product_then_softmax(Emitter& em, GridIndex, Tensor) {
  Agent agent = em.agent();
  const Tile a = operand(agent);
  const Tile b = operand(agent);
  Tile o = result(agent);
  Tile m = statistic(agent);
  Tile l = statistic(agent);
  Tile s = agent.matmul(a, b, DType::f16);
  agent.online_softmax(s, m, l, o);
  agent.div_rows(o, l);
  co_return;
}

Task independent_work(Emitter& em, GridIndex, Tensor) {
  Agent agent = em.agent();
  const Tile a = operand(agent);
  const Tile b = operand(agent);
  Tile o = result(agent);
  const Tile f = statistic(agent);
  const Tile c = agent.matmul(a, b, DType::f16);
  agent.scale_rows(o, f);
  co_return;
}

/// Of every strand: its part of a product, then of what depends on it.
Task dependent_work(Emitter& em, GridIndex, Tensor) {
  Agent agent = em.agent();
  const Tile a = operand(agent);
  const Tile b = operand(agent);
  const Tile f = statistic(agent);
  Tile c = agent.matmul(a, b, DType::f16);
  agent.scale_rows(c, f);
  co_return;
}

constexpr std::int64_t kIterations = 6;

/// A chain of products and scalings that take turns.
Task alternating(Emitter& em, GridIndex, Tensor) {
  Agent agent = em.agent();
  const Tile a = operand(agent);
  const Tile b = operand(agent);
  Tile c = result(agent);
  const Tile f = statistic(agent);
  Loop loop(em, {{.begin = 0, .end = kIterations}});
  for (Index j; co_await loop.next(j);) {
    agent.matmul_acc(c, a, b, DType::f16);
    agent.scale_rows(c, f);
  }
}

Task load_then_product(Emitter& em, GridIndex at, Tensor x) {
  Agent agent = em.agent();
  const Tile a = agent.load(x.block(at[0], 0, 16));
  const Tile b = operand(agent);
  const Tile c = agent.matmul(a, b, DType::f16);
  co_return;
}

Task product_then_store(Emitter& em, GridIndex at, Tensor x) {
  Agent agent = em.agent();
  const Tile a = operand(agent);
  const Tile b = operand(agent);
  const Tile c = agent.matmul(a, b, DType::f16);
  agent.store(c, x.block(at[0], 0, 16));
  co_return;
}

/// Twenty regions of 512 bytes set to zero, and nothing computed.
Task clear(Emitter& em, GridIndex at, Tensor x) {
  Agent agent = em.agent();
  Loop loop(em, {{.begin = 0, .end = 20}});
  for (Index j; co_await loop.next(j);) agent.init(x.block(at[0], j, 16), 0);
}

TEST(TimedCore, AProductTakesItsFlops) {
  EXPECT_EQ(run_kernel(planned_kernels<product>(picosecond_machine())).end, kProduct);
}

TEST(TimedCore, WhatDependsOnAProductWaitsForItToDrain) {
  MachineSpec machine = picosecond_machine();
  machine.load.stage_latency = 3;
  // exp: 256 scores and 16 factors. Elementwise: 3 x 256 + 2 x 16 + the output's 256 + rounding
  // 256.
  constexpr Ps kSoftmax = 272 + 1312;
  const auto planned = planned_kernels<product_then_softmax>(machine);
  EXPECT_EQ(run_kernel(planned).end, kProduct + 3000 + kSoftmax + kScale);
}

TEST(TimedCore, SynchronousProductsHoldTheirWarps) {
  const auto planned = planned_kernels<independent_work>(picosecond_machine());
  EXPECT_EQ(run_kernel(planned).end, kProduct + kScale);
}

TEST(TimedCore, AsynchronousProductsRunBesideTheirAgent) {
  const Launch launch{.asynchronous_matrix = true};
  EXPECT_EQ(run_kernel(planned_kernels<independent_work>(picosecond_machine()), launch).end,
            kProduct);
  EXPECT_EQ(run_kernel(planned_kernels<dependent_work>(picosecond_machine()), launch).end,
            kProduct + kScale);
}

/// Two strands, each half of the rows: one's scaling runs beside the other's product.
TEST(TimedCore, StrandsOfRowsOverlapEachOther) {
  MachineSpec machine = picosecond_machine();
  machine.core.threads = 256;
  const auto planned = planned_kernels<dependent_work>(machine);
  EXPECT_EQ(run_kernel(planned, {.threads = 256, .layout = WarpLayout::rows}).end,
            kProduct + kScale / 2);
  EXPECT_EQ(run_kernel(planned, {.threads = 256, .layout = WarpLayout::both}).end,
            kProduct + kScale);
}

struct Contention {
  double omega;
  Ps product, scale;
};

class TwoPlaces : public testing::TestWithParam<Contention> {};

/// One place's product runs beside the other's scaling. While both are busy each is slowed down, so
/// such a stage takes the longer part and omega times the shorter one.
TEST_P(TwoPlaces, OverlapMatrixAndVectorWork) {
  const Contention c = GetParam();
  MachineSpec machine = picosecond_machine();
  machine.core.threads = 256;
  machine.units.vector = 2e12 * 256 / static_cast<double>(c.scale);
  machine.load.contention = c.omega;
  const KernelRun run = run_kernel(planned_kernels<alternating>(machine, 2), {.threads = 128});
  EXPECT_EQ(run.places_per_core, 2);
  const double stage = static_cast<double>(std::max(c.product, c.scale)) +
                       c.omega * static_cast<double>(std::min(c.product, c.scale));
  // The first product and the last scaling have nothing beside them.
  EXPECT_EQ(run.end, c.product + static_cast<Ps>((2 * kIterations - 1) * stage) + c.scale);
}

INSTANTIATE_TEST_SUITE_P(
    ByContention, TwoPlaces,
    testing::Values(Contention{0, kProduct, 4096}, Contention{0.5, kProduct, 4096},
                    Contention{1, kProduct, 4096}, Contention{0, kProduct, 16384},
                    Contention{0.5, kProduct, 16384}, Contention{1, kProduct, 16384}));

TEST(TimedCore, OnePlaceOverlapsNothing) {
  MachineSpec machine = picosecond_machine();
  machine.load.contention = 1;
  EXPECT_EQ(run_kernel(planned_kernels<alternating>(machine)).end,
            kIterations * (kProduct + kScale));
}

TEST(TimedCore, ALoadTakesItsBytesAndTheLatency) {
  MachineSpec machine = picosecond_machine();
  machine.memories.back().latency = 500e-9;
  EXPECT_EQ(run_kernel(planned_kernels<load_then_product>(machine)).end, 512 + 500'000 + kProduct);
}

TEST(TimedCore, ALoadPassesThePathIntoTheCore) {
  MachineSpec machine = picosecond_machine();
  machine.units.copy = 0.25e12;
  EXPECT_EQ(run_kernel(planned_kernels<load_then_product>(machine)).end, 4 * 512 + kProduct);
}

/// A store waits for the product and is not waited for, but the kernel ends with it.
TEST(TimedCore, TheLastStoreEndsAKernel) {
  MachineSpec machine = picosecond_machine();
  machine.load.stage_latency = 3;
  machine.memories.back().latency = 1e-9;
  EXPECT_EQ(run_kernel(planned_kernels<product_then_store>(machine)).end,
            kProduct + 3000 + 512 + 1000);
}

TEST(TimedCore, ATaskStartsSomeTimeAfterAPlaceIsFree) {
  MachineSpec machine = picosecond_machine();
  machine.load.task_start = 7;
  const auto planned = planned_kernels<product>(machine, 3);
  EXPECT_EQ(run_kernel(planned).end, 3 * (7000 + kProduct));
  EXPECT_EQ(run_kernel(planned, {.placement = Placement::persistent_dynamic}).end,
            7000 + 3 * kProduct)
      << "CTAs that stay start once";
}

/// The store of a task leaves when its value is there, whatever its place does next.
TEST(TimedCore, AStoreDoesNotWaitForTheNextTaskToStart) {
  MachineSpec machine = picosecond_machine();
  machine.load.stage_latency = 3;
  machine.load.task_start = 50;
  WorkLog log;
  run_kernel(planned_kernels<product_then_store>(machine, 2), {}, &log);
  const std::vector<WorkLog::Work> stores = log.of(Op::store);
  ASSERT_EQ(stores.size(), 2U);
  EXPECT_EQ(stores[0].from, 50'000 + kProduct + 3000);
}

/// No unit of the core ever stirs such a task: it goes on because its stores arrive.
TEST(TimedCore, ATaskThatComputesNothingGoesOnToItsEnd) {
  MachineSpec machine = picosecond_machine();
  machine.memories.back().latency = 500e-9;
  WorkLog log;
  run_kernel(planned_kernels<clear>(machine, 2), {}, &log);
  EXPECT_EQ(log.of(Op::store_fill).size(), 2U * 20);
  EXPECT_EQ(log.tasks, (std::vector<std::int64_t>{0, 1}));
}

}  // namespace
}  // namespace attnsim::replay::time
