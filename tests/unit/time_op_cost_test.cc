// What operations cost a core, against numbers worked out by hand.
#include <gtest/gtest.h>

#include "sim/replay/time/op_cost.h"

namespace attnsim::replay::time {
namespace {

constexpr OperandPlace kScratchpad{.in_scratchpad = true};
constexpr OperandPlace kRegisters{.in_scratchpad = false};

/// A picosecond per unit of everything.
CoreRates unit_rates() {
  CoreRates rates;
  rates.matrix[static_cast<std::size_t>(DType::f16)] = 1;
  rates.vector = rates.exp = rates.port = 1;
  return rates;
}

TileOp record(Op op, std::int32_t m, std::int32_t n, std::int32_t k = 0, std::uint8_t flags = 0) {
  TileOp r;
  r.op = op;
  r.m = m;
  r.n = n;
  r.k = k;
  r.flags = flags;
  r.operand_dtype = DType::f16;
  return r;
}

OpCost vector_cost(const TileOp& op) {
  return cost_of(op, kScratchpad, kScratchpad, {}, 4, unit_rates());
}

TEST(OpCost, AProductTakesTwoFlopsPerMultiplyAdd) {
  const OpCost cost = cost_of(record(Op::matmul, 128, 64, 32), kScratchpad, kScratchpad,
                              {.layout = WarpLayout::rows}, 4, unit_rates());
  EXPECT_EQ(cost.unit, Unit::matrix);
  EXPECT_DOUBLE_EQ(cost.matrix, 2.0 * 128 * 64 * 32);
  EXPECT_DOUBLE_EQ(cost.exp, 0);
  EXPECT_DOUBLE_EQ(cost.vector, 0);
}

TEST(OpCost, MatrixAndPortContend) {
  CoreRates rates = unit_rates();
  rates.contention = 0.5;
  rates.port_share = 0.25;
  const OpCost cost = cost_of(record(Op::matmul_acc, 128, 64, 32), kScratchpad, kScratchpad,
                              {.layout = WarpLayout::rows}, 4, rates);
  EXPECT_DOUBLE_EQ(cost.port, 24576);
  EXPECT_DOUBLE_EQ(cost.busy, 524288 + 0.5 * 0.25 * 24576);
}

TEST(OpCost, OnlySynchronousProductsRunBelowTheUnitsRate) {
  CoreRates rates = unit_rates();
  rates.synchronous_matrix = 0.5;
  const TileOp op = record(Op::matmul, 128, 64, 32);
  EXPECT_DOUBLE_EQ(cost_of(op, kScratchpad, kScratchpad, {}, 4, rates).matrix, 2 * 524288.0);
  EXPECT_DOUBLE_EQ(
      cost_of(op, kScratchpad, kScratchpad, {.asynchronous_matrix = true}, 4, rates).matrix,
      524288);
}

// A tile of 64 rows of which 8 are there: the kernel works on all of them.
TEST(OpCost, FillsUpTheRowsOfTheKernelsTile) {
  const Launch launch{.layout = WarpLayout::rows, .least_rows = 64};
  const auto cost = [&](const TileOp& op) {
    return cost_of(op, kScratchpad, kScratchpad, launch, 4, unit_rates());
  };
  EXPECT_DOUBLE_EQ(cost(record(Op::matmul, 8, 64, 32)).busy,
                   cost(record(Op::matmul, 64, 64, 32)).busy);
  EXPECT_DOUBLE_EQ(cost(record(Op::div_rows, 8, 32)).vector, 64.0 * 32);
  EXPECT_DOUBLE_EQ(cost(record(Op::div_rows, 65, 32)).vector, 65.0 * 32);
}

TEST(Contended, IsTheLongerPartAndAShareOfTheShorter) {
  EXPECT_DOUBLE_EQ(contended(10, 4, 0), 10);
  EXPECT_DOUBLE_EQ(contended(4, 10, 0.5), 12);
  EXPECT_DOUBLE_EQ(contended(10, 4, 1), 14);
}

// --- the scratchpad's port: A is 128 x 32 (8192 bytes), B 32 x 64 (4096), 4 warps
// ----------------------

struct PortCase {
  const char* name;
  Launch launch;
  OperandPlace a, b;
  std::uint8_t flags;
  double bytes;
};

class PortBytes : public testing::TestWithParam<PortCase> {};

TEST_P(PortBytes, AreThoseOfTheOperandsAsOftenAsTheyAreRead) {
  const PortCase& c = GetParam();
  const TileOp op = record(Op::matmul_acc, 128, 64, 32, c.flags);
  EXPECT_DOUBLE_EQ(cost_of(op, c.a, c.b, c.launch, 4, unit_rates()).port, c.bytes);
}

constexpr auto kRows = WarpLayout::rows;
constexpr auto kColumns = WarpLayout::columns;
const Launch kAsynchronous{.asynchronous_matrix = true};

INSTANTIATE_TEST_SUITE_P(
    Layouts, PortBytes,
    testing::Values(
        // Each warp has rows of its own and reads all of B.
        PortCase{"rows", {.layout = kRows}, kScratchpad, kScratchpad, 0, 8192 + 4 * 4096},
        PortCase{"rows_a_held", {.layout = kRows}, kRegisters, kScratchpad, 0, 4 * 4096},
        // B from registers is written to the scratchpad first.
        PortCase{"rows_b_held", {.layout = kRows}, kScratchpad, kRegisters, 0, 8192 + 5 * 4096},
        // Each warp has columns of its own and reads all of A.
        PortCase{"columns", {.layout = kColumns}, kScratchpad, kScratchpad, 0, 4 * 8192 + 4096},
        // A product over what the warps were cut by: each has a partial C (fp32), written and read.
        PortCase{"columns_sum",
                 {.layout = kColumns},
                 kRegisters,
                 kScratchpad,
                 0,
                 4096 + 2 * 4 * 128 * 64 * 4},
        PortCase{"columns_transposed",
                 {.layout = kColumns},
                 kRegisters,
                 kScratchpad,
                 kTransposeA,
                 4 * 4096},
        // 2 x 2 warps read each operand twice.
        PortCase{
            "both", {.layout = WarpLayout::both}, kScratchpad, kScratchpad, 0, 2 * 8192 + 2 * 4096},
        // A warpgroup reads B once for its 64 rows.
        PortCase{"asynchronous", kAsynchronous, kScratchpad, kScratchpad, 0, 8192 + 2 * 4096},
        PortCase{"asynchronous_a_held", kAsynchronous, kRegisters, kScratchpad, 0, 2 * 4096}),
    [](const auto& test) { return test.param.name; });

TEST(PortReads, FewRowsAreSharedByFewWarps) {
  const TileOp op = record(Op::matmul, 32, 64, 32);  // 16 rows a warp: two warps
  EXPECT_DOUBLE_EQ(cost_of(op, kScratchpad, kScratchpad, {.layout = kRows}, 4, unit_rates()).port,
                   32 * 32 * 2 + 2 * 4096);
}

TEST(PortReads, AFewRowsAreCutByColumnsWhereBothArePossible) {
  const TileOp op = record(Op::matmul, 16, 64, 32);
  EXPECT_DOUBLE_EQ(cost_of(op, kScratchpad, kScratchpad, {}, 4, unit_rates()).port,
                   4 * 16 * 32 * 2 + 4096);
}

// --- elementwise work
// ----------------------------------------------------------------------------------

TEST(OpCost, AnOnlineSoftmaxStepTakesExponentialsAndElementwiseOperations) {
  const OpCost cost = vector_cost(record(Op::online_softmax, 16, 32, 64));
  EXPECT_EQ(cost.unit, Unit::vector);
  EXPECT_DOUBLE_EQ(cost.exp, 16 * 32 + 16);
  // Maximum, subtraction and sum; two of the statistics; the accumulator; rounding P.
  EXPECT_DOUBLE_EQ(cost.vector, 3 * 16 * 32 + 2 * 16 + 16 * 64 + 16 * 32);
  EXPECT_DOUBLE_EQ(cost.busy, cost.exp + cost.vector);
  EXPECT_DOUBLE_EQ(cost.matrix, 0);
  EXPECT_DOUBLE_EQ(cost.port, 0);
}

TEST(OpCost, AMaskIsAnIndexAComparisonAndASelection) {
  EXPECT_DOUBLE_EQ(vector_cost(record(Op::hide, 16, 32)).busy, 3 * 16 * 32);
  EXPECT_DOUBLE_EQ(vector_cost(record(Op::band, 16, 32)).busy, 3 * 16 * 32);
}

TEST(OpCost, AMoveIntoTheScratchpadPassesItsPort) {
  TileOp move = record(Op::move, 16, 32, 0, kCreates);
  move.dtype = DType::f16;
  CoreRates rates = unit_rates();
  rates.port_share = 0.5;
  const OpCost cost = cost_of(move, kRegisters, kRegisters, {}, 4, rates, true);
  EXPECT_DOUBLE_EQ(cost.port, 16 * 32 * 2);
  EXPECT_DOUBLE_EQ(cost.busy, 16 * 32);
  EXPECT_DOUBLE_EQ(cost_of(move, kRegisters, kRegisters, {}, 4, rates, false).busy, 0);
}

TEST(OpCost, DropoutDrawsItsBits) {
  EXPECT_DOUBLE_EQ(vector_cost(record(Op::dropout, 16, 32)).busy, (2 + 10) * 16 * 32);
}

TEST(OpCost, OtherElementwiseWorkIsThatOfTheTable) {
  EXPECT_DOUBLE_EQ(vector_cost(record(Op::scale_rows, 16, 32)).busy, 16 * 32);
  EXPECT_DOUBLE_EQ(vector_cost(record(Op::lse, 16, 1)).busy, 16 + 16);
  EXPECT_DOUBLE_EQ(vector_cost(record(Op::row_dot_acc, 16, 32)).busy, 2 * 16 * 32);
  EXPECT_DOUBLE_EQ(vector_cost(record(Op::exp_rows, 16, 32)).busy, 3 * 16 * 32);
}

}  // namespace
}  // namespace attnsim::replay::time
