// What unfused attention moves in a library's kernels, by hand: bytes for each element of the
// scores, and launches.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/replay/replay.h"
#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

constexpr std::int64_t kLength = 256;
constexpr std::uint64_t kScores = 2 * kLength * kLength;  // of both heads

RunSpec run_of(const std::string& pass, const std::vector<std::string>& sets = {}) {
  const config::Overrides overrides{
      .sets = sets,
      .algorithm = "standard_pytorch",
      .hardware = "nvidia_a100_sxm_40",
      .workload = {"seqlen=256,head_dim=64,heads=2,kv_heads=2,pass=" + pass}};
  return config::load_run(std::nullopt, overrides, algorithm_catalogue(), {ATTNSIM_SOURCE_DIR});
}

/// Of the N x N matrices, as they leave the cores.
std::uint64_t bytes_per_score(const RunSpec& run) {
  const Result result = replay::replay(run);
  std::uint64_t bytes = 0;
  for (const char* tensor : {"S", "P", "P_dropped", "kept", "dP", "T", "dS"}) {
    const IoRow* row = result.io_row("l2", tensor);
    if (row != nullptr) bytes += row->bytes().count;
  }
  EXPECT_EQ(bytes % kScores, 0U);
  return bytes / kScores;
}

// fp16: the product writes 2, the softmax reads and writes 2, the product reads 2.
TEST(StandardPytorch, ForwardMovesEightBytesForEachScore) {
  EXPECT_EQ(bytes_per_score(run_of("forward")), 8U);
}

// A mask reads and writes 2 (its own matrix aside), dropout reads 2 and writes 2 and a byte.
TEST(StandardPytorch, AMaskAddsFourAndDropoutFive) {
  EXPECT_EQ(bytes_per_score(run_of("forward", {"algorithm.mask_always=true"})), 12U);
  EXPECT_EQ(bytes_per_score(run_of("forward", {"algorithm.dropout_always=true"})), 13U);
  EXPECT_EQ(bytes_per_score(run_of("forward", {"algorithm.scale=kernel"})), 12U);
}

// dV reads P, dP is written; a kernel multiplies them, another one reads the product and P and
// writes dS, which two products read.
TEST(StandardPytorch, BackwardMovesTwentyBytesForEachScore) {
  EXPECT_EQ(bytes_per_score(run_of("backward")), 20U);
  EXPECT_EQ(bytes_per_score(run_of("backward", {"algorithm.softmax_gradient=one_kernel"})), 14U);
}

// GPT-2 in training: 17 bytes forward, and backward 25, since what is added has no gradient.
TEST(StandardPytorch, TrainingWithAMaskAndDropoutMovesFortyTwo) {
  EXPECT_EQ(bytes_per_score(run_of("forward_backward", {"algorithm.mask_always=true",
                                                        "algorithm.dropout_always=true"})),
            42U);
}

// What is filled has one, and in a view four copies of it beside.
TEST(StandardPytorch, AFilledMaskCostsBackwardToo) {
  const std::string always = "algorithm.mask_always=true";
  EXPECT_EQ(bytes_per_score(run_of("backward", {always, "algorithm.mask=added"})), 20U);
  EXPECT_EQ(bytes_per_score(run_of("backward", {always, "algorithm.mask=filled"})), 24U);
  EXPECT_EQ(bytes_per_score(run_of("backward", {always, "algorithm.mask=filled_view"})), 40U);
}

TEST(StandardPytorch, RunsOnTheLibrarysTiles) {
  const replay::PlannedRun planned(run_of("forward"));
  EXPECT_EQ(planned.schedule().tiles().rule, TileRule::released);
  EXPECT_EQ(planned.schedule().tiles().sizes, (TileSizes{128, 64}));
  std::map<std::string, std::int64_t> tasks;
  for (const Kernel& k : planned.schedule().program().kernels()) tasks[k.name] = k.tasks();
  EXPECT_EQ(tasks["scores"], 2 * 2 * 2);
  EXPECT_EQ(tasks["output"], 2 * 2);             // blocks of 128 rows and all 64 columns
  EXPECT_EQ(tasks["softmax"], 2 * kLength / 4);  // four warps of a row each
}

}  // namespace
}  // namespace attnsim
