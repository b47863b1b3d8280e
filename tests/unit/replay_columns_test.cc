// Operations on parts of tiles and under block masks: values, work, and misuse that is refused.
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/counts.h"
#include "sim/replay/numbers.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/trace_error.h"

namespace attnsim::replay {
namespace {

using Array = std::vector<double>;

constexpr double kHidden = -std::numeric_limits<double>::infinity();

/// One task on tensors T and U (2 x 4); T holds 1 .. 8.
class OneTask final : public Schedule {
 public:
  using Body = std::function<void(Agent, const OneTask&)>;

  explicit OneTask(Body body, const Workload& w = {}) : body_(std::move(body)) {
    program_.set_block_mask(block_mask_of(w));
    T = program_.add({"T", TensorRole::workspace, DType::f64, 1, 2, 4});
    U = program_.add({"U", TensorRole::workspace, DType::f64, 1, 2, 4});
    program_.add_kernel<&OneTask::run>(*this, "test", {{"i", 1}});
  }

  Task run(Emitter& em, GridIndex) const {
    body_(em.agent(), *this);
    co_return;
  }

  Tensor T, U;

 private:
  Body body_;
};

/// What U holds after the task.
Array execute(const OneTask::Body& body, const Workload& w = {}) {
  const OneTask task(body, w);
  TensorValues values(task.program());
  for (std::size_t i = 0; i < 8; ++i) values.of(0)[i] = static_cast<double>(i + 1);
  Executor executor(task.program(), values, Arithmetic::exact);
  run_program(task.program(), executor);
  return {values.of(1).begin(), values.of(1).end()};
}

std::string refusal(const OneTask::Body& body, const Workload& w = {}) {
  try {
    execute(body, w);
  } catch (const TraceError& error) {
    return error.what();
  }
  return "";
}

// T = 1 2 3 4; 5 6 7 8 and its columns y = 3 4; 7 8: y y^T = 25 53; 53 113.
TEST(Columns, AProductFillsSomeAndLeavesTheOthers) {
  const Array u = execute([](Agent a, const OneTask& t) {
    const Tile y = a.load(t.T.region(0, 0, 2, 2, 2));
    Tile wide = a.fill(Role::accumulator, 2, 4, DType::f64, -1);
    a.matmul(ColumnBlock(wide, 1, 2), y, transposed(y), DType::f64, 2);
    a.store(wide, t.U.plane(0));
  });
  EXPECT_EQ(u, (Array{-1, -1, 50, 106, -1, -1, 106, 226}));
}

TEST(Columns, ThoseThatNobodyFilledHaveNoValue) {
  const Array u = execute([](Agent a, const OneTask& t) {
    const Tile y = a.load(t.T.region(0, 0, 2, 0, 2));
    Tile wide = a.alloc(Role::accumulator, 2, 4, DType::f64);
    a.matmul(ColumnBlock(wide, 0, 2), y, transposed(y), DType::f64);
    a.store(wide, t.U.plane(0));
  });
  EXPECT_EQ(u[0], 5);
  EXPECT_TRUE(std::isnan(u[2]) && std::isnan(u[7]));
}

// Columns 2, 3 of x times rows 0, 1 of the first two columns: 3 4; 7 8 times 1 2; 5 6.
TEST(Columns, AProductTakesSome) {
  const Array u = execute([](Agent a, const OneTask& t) {
    const Tile x = a.load(t.T.plane(0));
    const Tile b = a.load(t.T.region(0, 0, 2, 0, 2));
    Tile c = a.fill(Role::accumulator, 2, 2, DType::f64, 100);
    a.matmul_acc(c, ColumnBlock(x, 1, 2), b, DType::f64, 10);
    a.store(c, t.U.region(0, 0, 2, 0, 2));
  });
  EXPECT_EQ((Array{u[0], u[1], u[4], u[5]}), (Array{330, 400, 570, 720}));
}

TEST(Columns, TheLastBlockIsClipped) {
  const OneTask task([](Agent a, const OneTask& t) {
    const Tile x = a.load(t.T.plane(0));
    const ColumnBlock last(x, 1, 3);
    EXPECT_EQ(last.col, 3);
    EXPECT_EQ(last.cols, 1);
  });
  TensorValues values(task.program());
  Executor executor(task.program(), values, Arithmetic::exact);
  run_program(task.program(), executor);
}

TEST(Columns, OutsideTheTileIsRefused) {
  const std::string message = refusal([](Agent a, const OneTask& t) {
    const Tile y = a.load(t.T.region(0, 0, 2, 0, 2));
    Tile wide = a.fill(Role::accumulator, 2, 3, DType::f64, 0);
    a.matmul(ColumnBlock(wide, 1, 2), y, transposed(y), DType::f64);  // two columns, one is left
  });
  EXPECT_NE(message.find("'matmul_cols': tile t0"), std::string::npos) << message;
}

TEST(Columns, TheMatrixUnitReadsOnlyThePart) {
  const OneTask task([](Agent a, const OneTask& t) {
    const Tile x = a.load(t.T.plane(0));
    const Tile b = a.load(t.T.region(0, 0, 2, 0, 2));
    Tile c = a.fill(Role::accumulator, 2, 2, DType::f64, 0);
    a.matmul_acc(c, ColumnBlock(x, 1, 2), b, DType::f64);
  });
  MachineSpec machine;
  machine.id = "two_level";
  machine.memories = {{.name = "sram",
                       .kind = MemoryKind::scratchpad,
                       .per_core = true,
                       .parent = "hbm",
                       .capacity = Capacity{1000, false}},
                      {.name = "hbm", .kind = MemoryKind::dram}};
  machine.roles.fill("sram");
  const Workload w;
  const Target target(machine, w);
  Counter counter(task.program(), machine, target);
  run_program(task.program(), counter);
  EXPECT_EQ(counter.work().matrix_flops, 2u * 2 * 2 * 2);
  for (const IoRow& row : counter.io(16)) {
    if (row.memory == "sram" && row.tensor == "T") {
      EXPECT_EQ(row.read_bytes.count, 2u * 4 * 8);
    }
  }
}

TEST(ExpSum, AddsRowSumsAndKnowsMinusInfinity) {
  const Array u = execute([](Agent a, const OneTask& t) {
    Tile s = a.load(t.T.plane(0));
    a.band(s, {.lo = 0, .hi = 0});  // 1 and 6
    Tile l = a.fill(Role::vector, 2, 1, DType::f64, 10);
    a.exp_sum(s, l);
    a.store(s, t.U.plane(0));
    a.store(l, t.U.region(0, 0, 2, 3, 1));
  });
  const double e = std::exp(1.0);
  EXPECT_EQ(u, (Array{e, 0, 0, 10 + e, 0, std::exp(6.0), 0, 10 + std::exp(6.0)}));
}

/// Two planes of 2 x 4, blocks of 1: recorded, the first row sees key 1, the second nothing in
/// plane 0 and all in plane 1; causal from the right.
Workload masked() {
  Workload w{.heads = 2, .kv_heads = 2, .seqlen_q = 2, .seqlen_kv = 4, .causal = true};
  w.mask = MaskSpec{.kind = kRecordedMask, .block = 1};
  w.mask->recorded = {{.row_ptr = {0, 1, 1}, .col_idx = {1}},
                      {.row_ptr = {0, 4, 8}, .col_idx = {0, 1, 2, 3, 0, 1, 2, 3}}};
  return w;
}

TEST(Hide, LooksAtThePlaneAndAtTheBand) {
  const Workload w = masked();
  const AttentionMask mask(w);
  const auto hidden = [&](std::int64_t plane) {
    return execute(
        [&](Agent a, const OneTask& t) {
          Tile s = a.load(t.T.plane(0));
          a.hide(s, mask.tile(plane, 0, 2, 0, 4));
          a.store(s, t.U.plane(0));
        },
        w);
  };
  EXPECT_EQ(hidden(0), (Array{kHidden, 2, kHidden, kHidden, kHidden, kHidden, kHidden, kHidden}));
  EXPECT_EQ(hidden(1), (Array{1, 2, 3, kHidden, 5, 6, 7, 8}));
}

TEST(Hide, OutsideTheMaskIsRefused) {
  for (const LocalMask& where :
       {LocalMask{.blocks = true, .row = -1}, LocalMask{.blocks = true, .row = 3},
        LocalMask{.blocks = true, .col = 1}}) {
    const std::string message = refusal(
        [&](Agent a, const OneTask& t) {
          Tile s = a.load(t.T.plane(0));
          a.hide(s, where);
        },
        masked());
    EXPECT_NE(message.find("outside the mask"), std::string::npos) << message;
  }
}

TEST(Hide, WithoutABlockMaskIsABandOrRefused) {
  const AttentionMask band(Workload{.seqlen_q = 2, .seqlen_kv = 4, .causal = true});
  const Array u = execute([&](Agent a, const OneTask& t) {
    Tile s = a.load(t.T.plane(0));
    a.hide(s, band.tile(7, 0, 2, 0, 4));
    a.store(s, t.U.plane(0));
  });
  EXPECT_EQ(u, (Array{1, 2, 3, kHidden, 5, 6, 7, 8}));
  const std::string message = refusal([](Agent a, const OneTask& t) {
    Tile s = a.load(t.T.plane(0));
    a.hide(s, {.blocks = true});
  });
  EXPECT_NE(message.find("no block mask"), std::string::npos) << message;
}

}  // namespace
}  // namespace attnsim::replay
