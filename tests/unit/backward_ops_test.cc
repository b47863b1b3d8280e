// The operations of backward passes: their values, their work, their traffic, and their misuse.
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/counts.h"
#include "sim/replay/dropout.h"
#include "sim/replay/numbers.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {
namespace {

using Array = std::vector<double>;

/// One task on X (fp32, 2 x 3, holds 1 .. 6), C (fp32, 2 x 1, holds 2 and -inf) and Q (fp16, two
/// planes of 4 x 8, heads interleaved by two).
class OneTask final : public Schedule {
 public:
  using Body = std::function<void(Agent, const OneTask&)>;

  explicit OneTask(Body body) : body_(std::move(body)) {
    X = program_.add({"X", TensorRole::workspace, DType::f32, 1, 2, 3});
    C = program_.add({"C", TensorRole::workspace, DType::f32, 1, 2, 1});
    Q = program_.add({"Q", TensorRole::workspace, DType::f16, 2, 4, 8, 2});
    program_.add_kernel<&OneTask::run>(*this, "test", {{"i", 1}});
  }

  Task run(Emitter& em, GridIndex) const {
    body_(em.agent(), *this);
    co_return;
  }

  Tensor X, C, Q;

 private:
  Body body_;
};

/// What X holds after the task; the error where it is illegal.
struct Outcome {
  Array x;
  std::string error;
};

Outcome execute(const OneTask::Body& body) {
  const OneTask task(body);
  TensorValues values(task.program());
  for (std::size_t i = 0; i < 6; ++i) values.of(0)[i] = static_cast<double>(i + 1);
  values.of(1)[0] = 2;
  values.of(1)[1] = kMinusInfinity;
  Executor executor(task.program(), values, Arithmetic::exact);
  Outcome out;
  try {
    run_program(task.program(), executor);
  } catch (const TraceError& error) {
    out.error = error.what();
  }
  out.x.assign(values.of(0).begin(), values.of(0).end());
  return out;
}

MachineSpec gpu() {
  MachineSpec spec;
  spec.memories = {{.name = "sram",
                    .kind = MemoryKind::scratchpad,
                    .per_core = true,
                    .parent = "l2",
                    .capacity = Capacity{1000}},
                   {.name = "l2", .kind = MemoryKind::cache, .parent = "hbm"},
                   {.name = "hbm", .kind = MemoryKind::dram}};
  spec.roles.fill("sram");
  return spec;
}

struct Counts {
  std::vector<IoRow> io;
  WorkSummary work;
};

Counts count(const OneTask::Body& body) {
  const OneTask task(body);
  const MachineSpec machine = gpu();
  const Workload workload;
  const Target target(machine, workload);
  Counter counter(task.program(), machine, target);
  run_program(task.program(), counter);
  return {counter.io(16), counter.work()};
}

TEST(BackwardOps, ExpRowsRestoresProbabilities) {
  const Outcome out = execute([](Agent a, const OneTask& t) {
    Tile s = a.load(t.X.plane(0));
    const Tile lse = a.load(t.C.plane(0));
    a.exp_rows(s, lse);
    a.store(s, t.X.plane(0));
  });
  // The second row saw no key: its LSE is -inf.
  EXPECT_EQ(out.x, (Array{std::exp(-1.0), 1, std::exp(1.0), 0, 0, 0}));
}

TEST(BackwardOps, RowDotAccAddsRowSumsOfTheElementwiseProduct) {
  const Outcome out = execute([](Agent a, const OneTask& t) {
    const Tile x = a.load(t.X.plane(0));
    Tile sum = a.fill(Role::vector, 2, 1, DType::f32, 100);
    a.row_dot_acc(sum, x, x);
    a.store(sum, t.X.region(0, 0, 2, 2, 1));
  });
  EXPECT_EQ(out.x, (Array{1, 2, 100 + 1 + 4 + 9, 4, 5, 100 + 16 + 25 + 36}));
}

// dP = (1 2 3; 4 5 6), P = 10, D = 2 and 5 by rows.
TEST(BackwardOps, SoftmaxGradSubtractsTheMeanAndWeighs) {
  const Outcome out = execute([](Agent a, const OneTask& t) {
    Tile dp = a.load(t.X.plane(0));
    const Tile p = a.fill(Role::accumulator, 2, 3, DType::f32, 10);
    Tile delta = a.fill(Role::vector, 2, 1, DType::f32, 0);
    const Tile tenth = a.fill(Role::accumulator, 2, 3, DType::f32, 1.0 / 3);
    a.row_dot_acc(delta, dp, tenth);  // the mean of each row
    a.softmax_grad(dp, p, delta);
    a.store(dp, t.X.plane(0));
  });
  ASSERT_EQ(out.x.size(), 6u);
  const Array expected{-10, 0, 10, -10, 0, 10};
  for (std::size_t i = 0; i < 6; ++i) EXPECT_NEAR(out.x[i], expected[i], 1e-13) << i;
}

TEST(BackwardOps, AccumulateAddsWhereverItExecutes) {
  for (const AddAt at : {AddAt::core, AddAt::memory}) {
    const Outcome out = execute([at](Agent a, const OneTask& t) {
      const Tile x = a.load(t.X.block(0, 0, 1));
      a.accumulate(x, t.X.block(0, 1, 1), at);
      a.accumulate(x, t.X.block(0, 1, 1), at);
    });
    EXPECT_EQ(out.x, (Array{1, 2, 3, 6, 9, 12}));
  }
}

TEST(BackwardOps, AccumulateInTheCoreCrossesEveryBoundaryBothWays) {
  const auto traffic = [](AddAt at) {
    std::string out;
    for (const IoRow& row : count([at](Agent a, const OneTask&t) {
                              const Tile x = a.fill(Role::accumulator, 2, 3, DType::f32, 1);
                              a.accumulate(x, t.X.plane(0), at);
                            }).io) {
      if (row.tensor != "total") {
        out += row.memory + ' ' + std::to_string(row.read_bytes.count) + '/' +
               std::to_string(row.write_bytes.count) + ' ';
      }
    }
    return out;
  };
  EXPECT_EQ(traffic(AddAt::core), "hbm 24/24 l2 24/24 ");
  EXPECT_EQ(traffic(AddAt::memory), "hbm 0/24 l2 0/24 ");
}

TEST(BackwardOps, WorkFollowsTheTable) {
  const WorkSummary work = count([](Agent a, const OneTask& t) {
                             Tile s = a.load(t.X.plane(0));
                             const Tile lse = a.load(t.C.plane(0));
                             Tile sum = a.load(t.C.plane(0));
                             Tile dp = a.load(t.X.plane(0));
                             a.exp_rows(s, lse);          // 6 exponentials, 6 elementwise
                             a.row_dot_acc(sum, s, s);    // 12
                             a.softmax_grad(dp, s, sum);  // 12
                             a.dropout(s, t.Q.region(0, 0, 2, 0, 3), {.probability = 0.5});  // 12
                           }).work;
  EXPECT_EQ(work.exp_ops, 6u);
  EXPECT_EQ(work.vector_ops, 6u + 12 + 12 + 12);
  EXPECT_EQ(work.matrix_flops, 0u);
}

TEST(BackwardOps, OperandsMustHaveTheRowsShape) {
  const auto error = [](const OneTask::Body& body) { return execute(body).error; };
  EXPECT_EQ(error([](Agent a, const OneTask& t) {
              Tile s = a.load(t.X.plane(0));
              const Tile one = a.fill(Role::vector, 1, 1, DType::f32, 0);
              a.exp_rows(s, one);
            }),
            "kernel 'test' task 0 (i=0): op 3 'exp_rows': tile t1 (slot 1) is 1 x 1 and does not "
            "match the operation's m=2 n=3 k=0");
  EXPECT_EQ(error([](Agent a, const OneTask& t) {
              const Tile x = a.load(t.X.plane(0));
              Tile sum = a.alloc(Role::vector, 2, 1, DType::f32);
              a.row_dot_acc(sum, x, x);
            }),
            "kernel 'test' task 0 (i=0): op 3 'row_dot_acc': tile t0 (slot 1) is read but never "
            "written");
  EXPECT_NE(error([](Agent a, const OneTask& t) {
              const Tile x = a.load(t.X.plane(0));
              a.accumulate(x, t.X.region(0, 1, 2, 0, 3), AddAt::core);
            }).find("'test' task 0 (i=0): accumulate: region of tensor 0"),
            std::string::npos);
  EXPECT_NE(error([](Agent a, const OneTask& t) {
              Tile x = a.load(t.X.plane(0));
              a.dropout(x, t.Q.region(1, 3, 2, 0, 3), {.probability = 0.5});
            }).find("dropout: region of tensor 2"),
            std::string::npos);
  EXPECT_NE(error([](Agent a, const OneTask& t) {
              Tile x = a.load(t.X.plane(0));
              x.drop();
              a.dropout(x, t.Q.region(1, 2, 2, 0, 3), {.probability = 0.5});
            }).find("'dropout': tile t0 was dropped"),
            std::string::npos);
}

// Counter and key 0: the words of the first known answer of Random123 (trace_masks_test.cc), as
// shares of 2^32: 0.40, 0.88, 0.74, 0.61.
TEST(Dropout, DropsWhereTheWordIsBelowTheProbability) {
  const auto row_of = [](double probability) {
    std::string out;
    for (std::int64_t col = 0; col < 4; ++col) {
      out += dropped({.probability = probability}, 0, col) ? '0' : '1';
    }
    return out;
  };
  EXPECT_EQ(row_of(0), "1111");
  EXPECT_EQ(row_of(0.39), "1111");
  EXPECT_EQ(row_of(0.41), "0111");
  EXPECT_EQ(row_of(0.62), "0110");
  EXPECT_EQ(row_of(0.75), "0100");
  EXPECT_EQ(row_of(0.9), "0000");
}

TEST(Dropout, RowsAndSeedsDiffer) {
  int differs = 0;
  int same_by_chance = 0;
  for (std::int64_t col = 0; col < 64; ++col) {
    const DropoutSpec spec{.probability = 0.5, .seed = 1};
    const bool here = dropped(spec, 5, col);
    differs += here != dropped(spec, 6, col);
    differs += here != dropped(spec, 5 + (std::int64_t{1} << 32), col);
    differs += here != dropped({.probability = 0.5, .seed = std::uint64_t{1} << 32}, 5, col);
    same_by_chance += here == dropped({.probability = 0.5, .seed = 2}, 5, col);
  }
  EXPECT_GT(differs, 3 * 16);
  EXPECT_GT(same_by_chance, 16);
  EXPECT_LT(same_by_chance, 48);
}

// Rows 2 and 3 of plane 1 of a packed Q: position 1 of heads 2 and 3, canonical rows 2*2+1, 3*2+1.
TEST(Dropout, FollowsTheElementNotTheTile) {
  const DropoutSpec spec{.probability = 0.5, .seed = (std::uint64_t{7} << 32) + 0xfffffff0U};
  const Outcome out = execute([&](Agent a, const OneTask& t) {
    Tile x = a.load(t.X.plane(0));
    a.dropout(x, t.Q.region(1, 2, 2, 5, 3), spec);
    a.store(x, t.X.plane(0));
  });
  Array expected;
  for (std::int64_t i = 0; i < 6; ++i) {
    const bool gone = dropped(spec, i < 3 ? 5 : 7, 5 + i % 3);
    expected.push_back(gone ? 0 : 2.0 * static_cast<double>(i + 1));
  }
  EXPECT_EQ(out.x, expected);
}

}  // namespace
}  // namespace attnsim::replay
