// Copies are left out of a count only where they are copies: what is odd is met and counted.
#include "sim/replay/count_program.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "sim/core/machine_spec.h"
#include "sim/trace/algorithm.h"

namespace attnsim::replay {
namespace {

constexpr std::int64_t kPlanes = 1000;
constexpr std::int64_t kBlocks = 1000;

MachineSpec two_levels() {
  MachineSpec machine;
  machine.uniform_words = true;
  machine.memories = {{.name = "sram", .kind = MemoryKind::scratchpad, .parent = "hbm"},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  return machine;
}

/// A task per plane that loads the blocks of X, one row each, and lets the test do more.
struct Reader final : Schedule {
  struct Here {
    Agent& a;
    Tensor x;
    Index plane, block;
    const Loop& loop;
  };
  using Extra = std::function<void(const Here&)>;

  Reader(std::vector<Run> runs, Extra extra) : runs_(std::move(runs)), extra_(std::move(extra)) {
    x_ = program_.add({"X", TensorRole::key, DType::f16, kPlanes, kBlocks, 8});
    program_.add_kernel<&Reader::read>(*this, "read", {{"plane", kPlanes}});
  }

  Task read(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    Loop loop(em, runs_);
    for (Index j; co_await loop.next(j);) {
      const Tile x = a.load(x_.block(at[0], j, 1));
      extra_({a, x_, at[0], j, loop});
    }
  }

  std::vector<Run> runs_;
  Extra extra_;
  Tensor x_;
};

/// Counts records on their way.
struct Counts {
  Totals totals;
  std::uint64_t peak_words;
};

Counts counted(const Program& program, bool skip) {
  static const MachineSpec machine = two_levels();
  static const Workload workload;
  const Target target(machine, workload);
  Counter counter(program, machine, target);
  skip ? count_program(program, counter) : run_program(program, counter);
  return {counter.totals(), counter.footprint(16).front().peak_words.count};
}

/// How many times the body ran while copies were left out; the counts must be those of all.
std::uint64_t iterations_emitted(std::vector<Run> runs, Reader::Extra extra) {
  std::uint64_t emitted = 0;
  const Reader reader(std::move(runs), [&](const Reader::Here& here) {
    ++emitted;
    extra(here);
  });
  const Counts fast = counted(reader.program(), true);
  const std::uint64_t seen = emitted;
  const Counts all = counted(reader.program(), false);
  EXPECT_EQ(fast.totals, all.totals);
  EXPECT_EQ(fast.peak_words, all.peak_words);
  EXPECT_EQ(emitted - seen, static_cast<std::uint64_t>(kPlanes) * kBlocks);
  return seen;
}

std::vector<Run> one_run() { return all_blocks(kBlocks); }
void nothing(const Reader::Here&) {}
void load_again(const Reader::Here& here) {
  const Tile again = here.a.load(here.x.block(here.plane, here.block, 1));
}

TEST(CountProgram, LeavesOutTranslatedTasksAndIterations) {
  // Three slices alike and the last; in each three iterations and the last of a run.
  EXPECT_LE(iterations_emitted(one_run(), nothing), 4U * 5U);
}

TEST(CountProgram, MeetsAnOddIteration) {
  // The index is asked for, so every iteration of a task is run; tasks are copies still.
  const std::uint64_t emitted = iterations_emitted(one_run(), [](const Reader::Here& here) {
    if (here.block.value() == 700) load_again(here);
  });
  EXPECT_GE(emitted, 3U * kBlocks);
  EXPECT_LE(emitted, 5U * kBlocks);
}

TEST(CountProgram, MeetsAnOddHead) {
  const std::uint64_t emitted = iterations_emitted(one_run(), [](const Reader::Here& here) {
    if (here.plane.value() == 700) load_again(here);
  });
  EXPECT_GE(emitted, 4U * kPlanes);
  EXPECT_LE(emitted, 6U * kPlanes);
}

/// A task per group of two planes, which it goes through in a loop: one of them is odd.
struct GroupReader final : Schedule {
  GroupReader() {
    x_ = program_.add({"X", TensorRole::key, DType::f16, kPlanes, 1, 8});
    program_.add_kernel<&GroupReader::read>(*this, "read", {{"group", kPlanes / 2}});
  }

  Task read(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    Loop loop(em, {Run::within_block(at[0], 2, kPlanes)});
    for (Index plane; co_await loop.next(plane);) {
      const Tile x = a.load(x_.block(plane, 0, 1));
      if (plane.value() == 701) const Tile again = a.load(x_.block(plane, 0, 1));
    }
  }

  Tensor x_;
};

TEST(CountProgram, MeetsAnOddHeadOfALoopOverAGroup) {
  const GroupReader reader;
  EXPECT_EQ(counted(reader.program(), true).totals, counted(reader.program(), false).totals);
}

TEST(CountProgram, MeetsAnOddIterationOfAnOddHead) {
  const std::uint64_t emitted = iterations_emitted(one_run(), [](const Reader::Here& here) {
    if (here.plane.value() == 700 && here.block.value() == 70) load_again(here);
  });
  // Only that head asks for the index: all its iterations are run, of the others the first few.
  EXPECT_GE(emitted, 4U * (kPlanes - 1) + kBlocks);
  EXPECT_LE(emitted, 6U * (kPlanes - 1) + kBlocks);
}

TEST(CountProgram, NeverCrossesTheBorderOfARun) {
  const std::uint64_t emitted = iterations_emitted(
      {{0, 400}, {400, 401, TileKind::partial}, {401, kBlocks}}, [](const Reader::Here& here) {
        if (here.loop.kind() == TileKind::partial) load_again(here);
      });
  EXPECT_LE(emitted, 4U * 11U);
}

TEST(CountProgram, FindsPeriodsOfSeveralIterations) {
  // Every other iteration loads twice, as with a ring of two stages.
  bool odd = false;
  const std::uint64_t emitted = iterations_emitted(one_run(), [&](const Reader::Here& here) {
    if ((odd = !odd)) load_again(here);
  });
  EXPECT_LE(emitted, 4U * 10U);
}

TEST(CountProgram, ToldOfADivisorStillLeavesOutHeads) {
  const std::uint64_t emitted = iterations_emitted(one_run(), [](const Reader::Here& here) {
    const Tile shared = here.a.load(here.x.block(here.plane.divided(8), here.block, 1));
  });
  EXPECT_LE(emitted, 4U * 5U);
}

/// Rows of X in blocks of Br, columns in blocks of Bc, both with a clipped last block.
struct Nest final : Schedule {
  Nest() {
    x_ = program_.add({"X", TensorRole::query, DType::f16, 7, 1003, 205});
    program_.add_kernel<&Nest::sweep>(*this, "sweep", {{"half", 2}, {"plane", 7}});
  }
  Task sweep(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    const Tile held = a.load(x_.block(at[1], at[0], 502));
    Loop rows(em, all_blocks(101));
    for (Index i; co_await rows.next(i);) {
      ++bodies;
      Loop columns(em, all_blocks(21));
      for (Index j; co_await columns.next(j);) {
        ++bodies;
        Tile x = a.load(x_.block(at[1], i, 10, j, 10));
        a.store(x, x_.block(at[1], i, 10, j, 10));
      }
    }
  }
  Tensor x_;
  mutable std::uint64_t bodies = 0;
};

TEST(CountProgram, CountsClippedBlocksOfNestedLoops) {
  const Nest nest;
  const Counts fast = counted(nest.program(), true);
  EXPECT_LE(nest.bodies, 8U * 5U * 6U);
  const Counts all = counted(nest.program(), false);
  EXPECT_EQ(fast.totals, all.totals);
  EXPECT_EQ(fast.peak_words, all.peak_words);
  EXPECT_EQ(fast.totals.tasks, 14U);
  EXPECT_EQ(fast.totals.traffic[0][0].written, 14U * 1003 * 205);
}

/// Tiles pile up in the loop: no two iterations meet the same state.
struct Hoarder final : Schedule {
  Hoarder() {
    x_ = program_.add({"X", TensorRole::query, DType::f16, 1, 40, 8});
    program_.add_kernel<&Hoarder::hoard>(*this, "hoard", {{"plane", 1}});
  }
  Task hoard(Emitter& em, GridIndex at) const {
    Agent a = em.agent();
    std::vector<Tile> tiles;
    Loop rows(em, all_blocks(40));
    for (Index i; co_await rows.next(i);) tiles.push_back(a.load(x_.block(at[0], i, 1)));
  }
  Tensor x_;
};

TEST(CountProgram, DoesNotTakeAGrowingStateForARecurringOne) {
  const Hoarder hoarder;
  const Counts fast = counted(hoarder.program(), true);
  EXPECT_EQ(fast.totals, counted(hoarder.program(), false).totals);
  EXPECT_EQ(fast.peak_words, 40U * 8U);
}

}  // namespace
}  // namespace attnsim::replay
