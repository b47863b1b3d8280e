// The operation table against itself: every row is complete, and names what its record can hold.
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "sim/trace/op_table.h"

namespace attnsim {
namespace {

TEST(OpTable, NamesEveryOperationOnce) {
  std::set<std::string_view> names;
  for (const OpRow& row : op_table()) {
    EXPECT_FALSE(row.name.empty());
    EXPECT_TRUE(names.insert(row.name).second) << row.name << " twice";
    EXPECT_FALSE(row.meaning.empty()) << row.name;
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kOpCount));
}

TEST(OpTable, IsIndexedByTheOperation) {
  EXPECT_EQ(op_row(Op::alloc).name, "alloc");
  EXPECT_EQ(op_row(Op::matmul_acc).name, "matmul_acc");
  EXPECT_EQ(op_row(Op::loop_end).name, "loop_end");
  for (const OpRow& row : op_table()) EXPECT_EQ(op_row(row.op).name, row.name);
}

/// "update m x n, read m x 1": the operands of an operation in short.
std::string operands(Op op) {
  constexpr const char* kAccess[] = {"", "read", "write", "update", "release"};
  constexpr const char* kDim[] = {"1", "m", "n", "k", "hi"};
  std::string out;
  for (const Operand& operand : op_row(op).operands) {
    if (!out.empty()) out += ", ";
    if (operand.access == Access::none) {
      out += "-";
      continue;
    }
    out += std::string(kAccess[static_cast<int>(operand.access)]) + ' ' +
           kDim[static_cast<int>(operand.rows)] + "x" + kDim[static_cast<int>(operand.cols)];
  }
  return out;
}

TEST(OpTable, SaysWhatEachOperationNeeds) {
  EXPECT_EQ(operands(Op::alloc), "-, -, -, -");
  EXPECT_EQ(operands(Op::fill), "write mxn, -, -, -");
  EXPECT_EQ(operands(Op::drop), "release mxn, -, -, -");
  EXPECT_EQ(operands(Op::load), "write mxn, -, -, -");
  EXPECT_EQ(operands(Op::load_into), "write mxn, -, -, -");
  EXPECT_EQ(operands(Op::store), "-, read mxn, -, -");
  EXPECT_EQ(operands(Op::store_fill), "-, -, -, -");
  EXPECT_EQ(operands(Op::move), "write mxn, read mxn, -, -");
  EXPECT_EQ(operands(Op::matmul), "write mxn, read mxk, read kxn, -");
  EXPECT_EQ(operands(Op::matmul_acc), "update mxn, read mxk, read kxn, -");
  EXPECT_EQ(operands(Op::band), "update mxn, -, -, -");
  EXPECT_EQ(operands(Op::hide), "update mxn, -, -, -");
  EXPECT_EQ(operands(Op::exp_sum), "update mxn, update mx1, -, -");
  EXPECT_EQ(operands(Op::matmul_cols), "write mxhi, read mxk, read kxn, -");
  EXPECT_EQ(operands(Op::matmul_acc_cols), "update mxn, read mxhi, read kxn, -");
  EXPECT_EQ(operands(Op::softmax_local), "update mxn, write mx1, write mx1, -");
  EXPECT_EQ(operands(Op::merge_stats), "update mx1, update mx1, update mx1, update mx1");
  EXPECT_EQ(operands(Op::online_softmax), "update mxn, update mx1, update mx1, update mxk");
  EXPECT_EQ(operands(Op::softmax_step), "update mxn, update mx1, update mx1, write mx1");
  EXPECT_EQ(operands(Op::softmax_stats), "read mxn, update mx1, update mx1, -");
  EXPECT_EQ(operands(Op::softmax_apply), "update mxn, read mx1, read mx1, -");
  EXPECT_EQ(operands(Op::scale_rows), "update mxn, read mx1, -, -");
  EXPECT_EQ(operands(Op::div_rows), "update mxn, read mx1, -, -");
  EXPECT_EQ(operands(Op::lse), "update mx1, read mx1, -, -");
  EXPECT_EQ(operands(Op::accumulate), "-, read mxn, -, -");
  EXPECT_EQ(operands(Op::exp_rows), "update mxn, read mx1, -, -");
  EXPECT_EQ(operands(Op::row_dot_acc), "update mx1, read mxn, read mxn, -");
  EXPECT_EQ(operands(Op::softmax_grad), "update mxn, read mxn, read mx1, -");
  EXPECT_EQ(operands(Op::add_scaled), "update mxn, read mxn, read mx1, -");
  EXPECT_EQ(operands(Op::dropout), "update mxn, -, -, -");
  EXPECT_EQ(operands(Op::cumsum), "update mxn, -, -, -");
  EXPECT_EQ(operands(Op::ramp), "write mx1, read 1x1, -, -");
  EXPECT_EQ(operands(Op::from_row), "update mxn, read 1xn, -, -");
  EXPECT_EQ(operands(Op::scale_exp), "update mxn, read mxk, -, -");
  EXPECT_EQ(operands(Op::decay_state), "update mxn, read 1xk, -, -");
  EXPECT_EQ(operands(Op::decay), "update mxn, read mx1, read nx1, -");
  EXPECT_EQ(operands(Op::lower), "update mxn, -, -, -");
  EXPECT_EQ(operands(Op::multiply), "update mxn, read mxn, -, -");
  EXPECT_EQ(operands(Op::gated_scores), "write mxm, read mxk, read mxk, read mxk");
  for (const Op op : {Op::loop_begin, Op::loop_next, Op::loop_end}) {
    EXPECT_EQ(operands(op), "-, -, -, -");
  }
}

bool works(const UnitWork& unit) { return unit.mn + unit.m + unit.mk + unit.mnk > 0; }

TEST(OpTable, OnlyComputationKeepsUnitsBusy) {
  for (const OpRow& row : op_table()) {
    const bool any = works(row.matrix) || works(row.exp) || works(row.vector);
    EXPECT_EQ(any, row.kind == OpClass::compute || row.op == Op::fill) << row.name;
    const bool product = row.name.starts_with("matmul");
    EXPECT_EQ(works(row.matrix), product) << row.name;
  }
}

TEST(OpTable, TrafficIsWhatNamesATensorOrAnotherMemory) {
  for (const OpRow& row : op_table()) {
    const bool traffic = row.op == Op::load || row.op == Op::load_into || row.op == Op::store ||
                         row.op == Op::store_fill || row.op == Op::move || row.op == Op::accumulate;
    EXPECT_EQ(row.kind == OpClass::traffic, traffic) << row.name;
    const bool structure =
        row.op == Op::loop_begin || row.op == Op::loop_next || row.op == Op::loop_end;
    EXPECT_EQ(row.kind == OpClass::structure, structure) << row.name;
  }
}

TEST(WorkSums, AreEvaluatedByTheCoefficients) {
  const WorkSums sums{.records = 9, .mn = 1000, .m = 100, .mk = 10, .mnk = 1};
  EXPECT_EQ(sums.of({}), 0u);
  EXPECT_EQ(sums.of({.mn = 3, .m = 2, .mk = 1}), 3210u);
  EXPECT_EQ(sums.of({.mnk = 7}), 7u);
}

TEST(WorkSums, AreKeptOnlyWhereARowNeedsThem) {
  EXPECT_TRUE(needs_sum(op_row(Op::matmul), &UnitWork::mnk));
  EXPECT_FALSE(needs_sum(op_row(Op::matmul), &UnitWork::mn));
  EXPECT_TRUE(needs_sum(op_row(Op::online_softmax), &UnitWork::mk));
  EXPECT_FALSE(needs_sum(op_row(Op::softmax_step), &UnitWork::mk));
  for (auto part : {&UnitWork::mn, &UnitWork::m, &UnitWork::mk, &UnitWork::mnk}) {
    EXPECT_FALSE(needs_sum(op_row(Op::load), part));
  }
}

}  // namespace
}  // namespace attnsim
