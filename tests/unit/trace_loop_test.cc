// Declared loops and tasks: iterations in order, and suspension that leaves no mark on the trace.
#include <concepts>
#include <cstdint>
#include <cstring>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/trace/agent.h"
#include "sim/trace/mask.h"
#include "sim/trace/op_table.h"
#include "sim/trace/program.h"
#include "sim/trace/task.h"
#include "sim/trace/trace_error.h"

namespace attnsim {
namespace {

// A body cannot decide on an index.
static_assert(!std::equality_comparable<Index> && !std::convertible_to<Index, std::int64_t>);
static_assert(std::convertible_to<std::int64_t, Index>);

class Recorder final : public Sink {
 public:
  void consume(std::span<const TileOp> ops) override {
    records.insert(records.end(), ops.begin(), ops.end());
    if (records.size() > 100'000) throw TraceError("a loop without an end");
  }
  std::vector<TileOp> records;
};

/// A kernel of two nested loops over given runs; the inner one runs `inner` times.
struct Nest {
  std::vector<Run> outer;
  std::int64_t inner = 0;

  Task body(Emitter& em, GridIndex) const {
    Agent a = em.agent();
    const Tile held = a.fill(Role::operand, 1, 1, DType::f32, 0);
    Loop i(em, outer);
    for (Index at; co_await i.next(at);) {
      const Tile kind =
          a.fill(Role::operand, static_cast<int>(i.kind()) + 1, i.tag() + 1, DType::f32, 0);
      Loop j(em, all_blocks(inner));
      for (Index step; co_await j.next(step);) {
        const Tile x = a.fill(Role::operand, 1, 1, DType::f32, 0);
      }
    }
  }
};

std::string text(const TileOp& op) {
  std::string out(op_row(op.op).name);
  if (op.op == Op::loop_begin) out += " " + std::to_string(op.row) + "/" + std::to_string(op.k);
  if (op.op == Op::loop_next) out += " " + std::to_string(op.row);
  if (op.op == Op::fill) out += " " + std::to_string(op.m) + "x" + std::to_string(op.n);
  return out;
}

std::vector<TileOp> run_to_completion(const Nest& nest) {
  Recorder recorder;
  Emitter emitter(recorder);
  {
    Task task = nest.body(emitter, {});
    EXPECT_TRUE(recorder.records.empty());  // nothing happens before the first resume
    task.run();
    EXPECT_TRUE(task.done());
  }
  emitter.flush();
  return recorder.records;
}

std::string story(const std::vector<TileOp>& records) {
  std::string out;
  for (const TileOp& op : records) out += (out.empty() ? "" : "; ") + text(op);
  return out;
}

TEST(Loop, VisitsItsRunsInOrder) {
  const Nest nest{{{2, 4, TileKind::full}, {7, 8, TileKind::diagonal, 5}}, 0};
  EXPECT_EQ(story(run_to_completion(nest)),
            "fill 1x1; loop_begin 3/2; "
            "loop_next 2; fill 1x1; loop_begin 0/0; loop_end; drop; "
            "loop_next 3; fill 1x1; loop_begin 0/0; loop_end; drop; "
            "loop_next 7; fill 2x6; loop_begin 0/0; loop_end; drop; "
            "loop_end; drop");
}

TEST(Loop, VisitsADescendingRunFromItsLast) {
  const Nest nest{reversed({{2, 4, TileKind::full}, {7, 8, TileKind::diagonal, 5}}), 0};
  EXPECT_EQ(story(run_to_completion(nest)),
            "fill 1x1; loop_begin 3/2; "
            "loop_next 7; fill 2x6; loop_begin 0/0; loop_end; drop; "
            "loop_next 3; fill 1x1; loop_begin 0/0; loop_end; drop; "
            "loop_next 2; fill 1x1; loop_begin 0/0; loop_end; drop; "
            "loop_end; drop");
}

TEST(Loop, SaysTheKindOfTheRunInItsRecords) {
  const Nest nest{{{0, 1, TileKind::partial}, {1, 2, TileKind::full}, {2, 3, TileKind::diagonal}},
                  0};
  std::vector<TileKind> kinds;
  for (const TileOp& op : run_to_completion(nest)) {
    if (op.op == Op::loop_next) kinds.push_back(static_cast<TileKind>(op.col));
  }
  EXPECT_EQ(kinds, (std::vector{TileKind::partial, TileKind::full, TileKind::diagonal}));
}

TEST(Loop, OfNothingHasNoIterations) {
  EXPECT_EQ(story(run_to_completion({{}, 3})), "fill 1x1; loop_begin 0/0; loop_end; drop");
  EXPECT_EQ(story(run_to_completion({{{4, 4}}, 3})), "fill 1x1; loop_begin 0/0; loop_end; drop");
}

TEST(Loop, PassesOverEmptyRuns) {
  const std::string only_one =
      "fill 1x1; loop_begin 1/1; loop_next 5; fill 1x1; loop_begin 0/0; loop_end; drop; "
      "loop_end; drop";
  EXPECT_EQ(story(run_to_completion({{{2, 2}, {5, 6}, {9, 9}}, 0})), only_one);
}

TEST(Task, SuspendsAtEveryIterationOnlyWhenPulled) {
  const Nest nest{{{0, 3}}, 2};
  Recorder recorder;
  Emitter emitter(recorder, Emitter::Mode::pull);
  Task task = nest.body(emitter, {});
  int resumptions = 0;
  while (!task.done()) {
    task.resume();
    ++resumptions;
  }
  EXPECT_EQ(resumptions, 1 + 3 + 3 * 2);  // one more than iterations: the way to the first one
}

/// Records have no padding, so equal ones are equal bytes.
bool same(const std::vector<TileOp>& a, const std::vector<TileOp>& b) {
  return a.size() == b.size() &&
         (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(TileOp)) == 0);
}

/// The n-th task of a kernel, suspended at each iteration, with a trace of its own.
struct Pulled {
  Pulled(const Kernel& kernel, std::int64_t n)
      : emitter(recorder, Emitter::Mode::pull), task(kernel.start(emitter, kernel.task(n))) {}
  Recorder recorder;
  Emitter emitter;
  Task task;
};

std::vector<TileOp> uninterrupted(const Kernel& kernel, std::int64_t n) {
  Recorder recorder;
  Emitter emitter(recorder);
  {
    Task task = kernel.start(emitter, kernel.task(n));
    task.run();
  }
  emitter.flush();
  return recorder.records;
}

RunSpec hundred_tasks(const std::string& algorithm) {
  RunSpec run;
  run.workload = {.batch = 2,
                  .heads = algorithm == "flash_attention_2" ? 2 : 50,
                  .seqlen_q = 50,
                  .seqlen_kv = 37,
                  .head_dim = 8,
                  .head_dim_v = 8,
                  .causal = true,
                  .window_left = 20};
  run.machine = two_level_machine();
  run.algorithm.name = algorithm;
  run.algorithm.tiles = {.rule = TileRule::explicit_sizes,
                         .sizes = {{"Br", 2}, {"Bc", 3}, {"b", 50}, {"bk", 3}}};
  run.algorithm.params.set("trimmed", true);
  run.algorithm.params.set("pack_gqa", false);
  return run;
}

class Interleaving : public ::testing::TestWithParam<const char*> {};

// A hundred tasks, each resumed at random, emit what they emit when each runs alone.
TEST_P(Interleaving, ChangesNoTrace) {
  const replay::PlannedRun planned(hundred_tasks(GetParam()));
  for (const Kernel& kernel : planned.schedule().program().kernels()) {
    SCOPED_TRACE(kernel.name);
    ASSERT_GE(kernel.tasks(), 100);
    std::vector<std::unique_ptr<Pulled>> tasks;
    for (std::int64_t n = 0; n < 100; ++n) tasks.push_back(std::make_unique<Pulled>(kernel, n));
    std::mt19937 pick(7);
    std::vector<std::size_t> waiting(100);
    for (std::size_t n = 0; n < 100; ++n) waiting[n] = n;
    while (!waiting.empty()) {
      const std::size_t at = pick() % waiting.size();
      Task& task = tasks[waiting[at]]->task;
      task.resume();
      if (task.done()) waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(at));
    }
    for (std::int64_t n = 0; n < 100; ++n) {
      Pulled& pulled = *tasks[static_cast<std::size_t>(n)];
      pulled.emitter.flush();
      ASSERT_FALSE(pulled.recorder.records.empty());
      ASSERT_TRUE(same(pulled.recorder.records, uninterrupted(kernel, n))) << kernel.describe(n);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Algorithms, Interleaving,
                         ::testing::Values("standard", "flash_attention_1", "flash_attention_2"),
                         [](const auto& algorithm) { return std::string(algorithm.param); });

// A task may be given up at any iteration: its tiles end with its frame.
TEST(Task, MayBeAbandoned) {
  const Nest nest{{{0, 3}}, 2};
  for (int steps = 0; steps < 10; ++steps) {
    Recorder recorder;
    Emitter emitter(recorder, Emitter::Mode::pull);
    {
      Task task = nest.body(emitter, {});
      for (int i = 0; i < steps; ++i) task.resume();
    }
    emitter.flush();
    int live = 0;
    for (const TileOp& op : recorder.records) {
      if (op.op == Op::fill) ++live;
      if (op.op == Op::drop) --live;
    }
    EXPECT_EQ(live, 0) << "after " << steps << " steps";
  }
}

TEST(Task, MovesWithItsFrame) {
  const Nest nest{{{0, 2}}, 0};
  Recorder recorder;
  Emitter emitter(recorder, Emitter::Mode::pull);
  Task first = nest.body(emitter, {});
  first.resume();
  Task second = std::move(first);
  second.run();
  EXPECT_TRUE(second.done());
}

}  // namespace
}  // namespace attnsim
