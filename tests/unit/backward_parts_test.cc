// The parts that algorithms with a backward pass are made of.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/replay/numbers.h"
#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

TEST(ClosedFormSum, AddsTermsOfOneTensorAndKeepsTheOthers) {
  const ClosedForm form =
      sum({{.tensor = "Q", .read = 1, .written = 2}, {.tensor = "O", .written = 3}},
          {{.tensor = "dQ", .written = 5}, {.tensor = "Q", .read = 10}});
  ASSERT_EQ(form.size(), 3u);
  EXPECT_EQ(form[0].tensor, "Q");
  EXPECT_EQ(form[0].read, 11u);
  EXPECT_EQ(form[0].written, 2u);
  EXPECT_EQ(form[1].written, 3u);
  EXPECT_EQ(form[2].tensor, "dQ");
}

TEST(IntegerSqrt, IsTheFloor) {
  EXPECT_EQ(integer_sqrt(0), 0);
  for (std::int64_t root = 1; root < 2000; root += 37) {
    EXPECT_EQ(integer_sqrt(root * root), root);
    EXPECT_EQ(integer_sqrt(root * root - 1), root - 1);
  }
  EXPECT_EQ(integer_sqrt((std::int64_t{1} << 62) - 1), (std::int64_t{1} << 31) - 1);
}

// M = 25600, d = 64: ceil(25600 / 256) = 100.
TEST(FlashAttentionSizes, FollowThePaper) {
  const MachineSpec machine = two_level_machine(25600);
  const Workload workload;
  const Target target(machine, workload);
  EXPECT_EQ(flash_attention_sizes(target, 64, {1000, 1000}), (TileSizes{64, 100}));
  EXPECT_EQ(flash_attention_sizes(target, 64, {10, 90}), (TileSizes{10, 90}));
  EXPECT_EQ(flash_attention_sizes(target, 512, {1000, 1000}), (TileSizes{13, 13}));
}

/// Br x Bc of the released FlashAttention-2 on a machine, "-" where its table has no entry.
std::string released(const char* arch, std::int64_t head_dim, Pass pass, double dropout = 0) {
  MachineSpec machine = two_level_machine();
  machine.arch = arch;
  Workload w{.seqlen_q = 512, .seqlen_kv = 512, .head_dim = head_dim, .head_dim_v = head_dim};
  w.pass = pass;
  w.dropout.probability = dropout;
  const Target target(machine, w);
  const Algorithm algorithm = find_algorithm("flash_attention_2");
  AlgorithmChoice choice{.name = "flash_attention_2", .tiles = {.rule = TileRule::released}};
  choice.params.set("pack_gqa", false);
  choice.params.set("dq", std::string("core"));
  choice.params.set("convert_dq", false);
  choice.params.set("warps", std::int64_t{0});
  choice.params.set("cta_order", std::string("rows_first"));
  choice.params.set("scan", std::string("forward"));
  choice.params.set("scan_group", std::int64_t{1});
  try {
    const auto schedule = algorithm.plan({w, target, algorithm.info, choice});
    const TileSizes sizes = schedule->tiles().sizes;
    return std::to_string(sizes.first) + "x" + std::to_string(sizes.second);
  } catch (const UserError&) {
    return "-";
  }
}

// flash_bwd_launch_template.h of the released kernel.
TEST(ReleasedTiles, OfTheBackwardPass) {
  const auto row = [](const char* arch) {
    std::string out;
    for (const std::int64_t d : {32, 64, 96, 128, 192, 256}) {
      out += released(arch, d, Pass::backward) + " ";
    }
    return out;
  };
  EXPECT_EQ(row("sm80"), "- 128x128 64x128 64x128 64x64 64x64 ");
  EXPECT_EQ(row("sm90"), row("sm80"));
  EXPECT_EQ(row("sm89"), "- 64x128 64x128 64x64 64x64 64x32 ");
  EXPECT_EQ(released("sm89", 256, Pass::backward, 0.1), "-");
}

TEST(ReleasedTiles, AreNarrowerWithDropout) {
  EXPECT_EQ(released("sm80", 64, Pass::forward), "128x128");
  EXPECT_EQ(released("sm80", 64, Pass::forward, 0.1), "128x64");
  EXPECT_EQ(released("sm80", 128, Pass::forward, 0.1), "128x32");
  EXPECT_EQ(released("sm80", 192, Pass::forward, 0.1), "64x64");
}

TEST(LargestFootprint, IsThatOfTheNestThatHoldsMost) {
  const MachineSpec machine = two_level_machine(100);
  const Workload workload;
  const Target target(machine, workload);
  const std::vector<TileShape> two{{Role::operand, DType::f16, 3, 3},
                                   {Role::vector, DType::f32, 1, 1}};
  const std::vector<TileShape> one{{Role::accumulator, DType::f32, 11, 1}};
  EXPECT_EQ(target.peak({two, one}).size(), 1u);
  EXPECT_EQ(target.peak({two}).size(), 2u);
}

/// C = scale op(A) op(B) of one product, on values 0, 1, 2, ... in A and B.
class OneProduct final : public Schedule {
 public:
  OneProduct(TensorDecl a, bool transpose_a, TensorDecl b, bool transpose_b, TensorDecl c) {
    const Tensor left = program_.add(a);
    const Tensor right = program_.add(b);
    const Tensor to = program_.add(c);
    kernel_.add_to(program_, {"p", {left, transpose_a}, {right, transpose_b}, to, DType::f64, 0.5},
                   2, 2);
  }

 private:
  ProductKernel kernel_;
};

std::vector<double> multiply(const OneProduct& product) {
  replay::TensorValues values(product.program());
  for (const std::size_t tensor : {0, 1}) {
    double next = 0;
    for (double& x : values.of(tensor)) x = next++;
  }
  replay::Executor executor(product.program(), values, replay::Arithmetic::exact);
  replay::run_program(product.program(), executor);
  return {values.of(2).begin(), values.of(2).end()};
}

TensorDecl matrix(const char* name, std::int64_t planes, std::int64_t rows, std::int64_t cols) {
  return {name, TensorRole::workspace, DType::f64, planes, rows, cols};
}

// (0 1 2; 3 4 5) (0 1; 2 3; 4 5) = (10 13; 28 40), halved.
TEST(ProductKernel, MultipliesInBlocks) {
  EXPECT_EQ(
      multiply({matrix("A", 1, 2, 3), false, matrix("B", 1, 3, 2), false, matrix("C", 1, 2, 2)}),
      (std::vector<double>{5, 6.5, 14, 20}));
}

// (0 1; 2 3; 4 5)^T (0 1 2; 3 4 5; 6 7 8)^T: rows (0 2 4) and (1 3 5) times columns of the
// transpose.
TEST(ProductKernel, TransposesEitherFactor) {
  EXPECT_EQ(
      multiply({matrix("A", 1, 3, 2), true, matrix("B", 1, 3, 3), true, matrix("C", 1, 2, 3)}),
      (std::vector<double>{5, 14, 23, 6.5, 20, 33.5}));
}

// Planes (0 1)^T and (2 3)^T of A share B = (0 1): outer products.
TEST(ProductKernel, SharesAFactorOfFewerPlanes) {
  EXPECT_EQ(
      multiply({matrix("A", 2, 2, 1), false, matrix("B", 1, 1, 2), false, matrix("C", 2, 2, 2)}),
      (std::vector<double>{0, 0, 0, 0.5, 0, 1, 0, 1.5}));
}

// Two planes of A and B, one of C: (0 1)(0 1)^T + (2 3)(2 3)^T = 1 + 13.
TEST(ProductKernel, SumsOverPlanesTheResultDoesNotHave) {
  EXPECT_EQ(
      multiply({matrix("A", 2, 1, 2), false, matrix("B", 2, 1, 2), true, matrix("C", 1, 1, 1)}),
      (std::vector<double>{7}));
}

}  // namespace
}  // namespace attnsim
