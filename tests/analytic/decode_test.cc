// Decoding by hand: bytes at shapes of published benchmarks with the released tiles and splits, and
// what a prefix that a batch shares costs.
#include <cstdint>
#include <string>

#include <gtest/gtest.h>

#include "sim/config/config.h"
#include "sim/replay/replay.h"
#include "sim/trace/algorithm.h"

namespace attnsim {
namespace {

Result on(const std::string& hardware, const std::string& algorithm, const std::string& workload,
          const std::vector<std::string>& sets = {}) {
  const config::Overrides overrides{
      .sets = sets, .algorithm = algorithm, .hardware = hardware, .workload = {workload}};
  const Result result = replay::replay(config::load_run(
      std::nullopt, overrides, algorithm_catalogue(), config::SearchPath{ATTNSIM_SOURCE_DIR}));
  for (const ClosedFormRow& row : result.closed_form) EXPECT_TRUE(row.equals) << row.tensor;
  return result;
}

Result on_a100(const std::string& algorithm, const std::string& workload) {
  return on("nvidia_a100_sxm_80", algorithm, workload);
}

std::uint64_t read(const Result& r, const char* tensor, const char* memory = "l2") {
  const IoRow* row = r.io_row(memory, tensor);
  return row == nullptr ? 0 : row->read_bytes.count;
}

std::uint64_t written(const Result& r, const char* tensor, const char* memory = "l2") {
  const IoRow* row = r.io_row(memory, tensor);
  return row == nullptr ? 0 : row->write_bytes.count;
}

constexpr std::uint64_t kMi = std::uint64_t{1} << 20;

/// A row of the Flash-Decoding blog's table: CodeLlama 34B on four GPUs, a query token of fp16.
std::string blog(int batch, int keys) {
  return "batch=" + std::to_string(batch) +
         ",heads=16,kv_heads=2,seqlen_q=1,head_dim=128,seqlen_kv=" + std::to_string(keys);
}

// 2 KV heads of 65536 keys: 32 MiB of K. 512 blocks of 128 keys in 103 splits of 5, of which the
// last has 2 (102 * 5 + 2). Each split loads the 8 query rows of its KV head and leaves as many of
// O and L, in fp32.
TEST(FlashDecoding, ReadsTheKeysOnceAndWritesOncePerSplit) {
  const Result r = on_a100("flash_decoding", blog(1, 65536));
  EXPECT_EQ(r.work.tasks, 2U * 103 + 2U * 2);  // and 4 of 8 rows in each task of the merge
  EXPECT_EQ(read(r, "K"), 32 * kMi);
  EXPECT_EQ(read(r, "V"), 32 * kMi);
  EXPECT_EQ(read(r, "Q"), 103U * 16 * 128 * 2);
  EXPECT_EQ(written(r, "O_splits"), 103U * 16 * 128 * 4);
  EXPECT_EQ(read(r, "O_splits"), 103U * 16 * 128 * 4);
  EXPECT_EQ(written(r, "L_splits"), 103U * 16 * 4);
  EXPECT_EQ(written(r, "O"), 16U * 128 * 2);
}

// 512 tasks fill the 216 places of the cores as they are.
TEST(FlashDecoding, LeavesPartialOutputsOutWithOneSplit) {
  const Result r = on_a100("flash_decoding", blog(256, 256));
  EXPECT_EQ(r.work.tasks, 512U);
  EXPECT_EQ(written(r, "O_splits"), 0U);
  EXPECT_EQ(written(r, "O"), 256U * 16 * 128 * 2);
  EXPECT_EQ(read(r, "Q"), 256U * 16 * 128 * 2);
}

// 10 keys in blocks of 2, 3 splits of 2, 2 and 1 blocks; 4 query rows see keys up to 6, 7, 8, 9.
// With blocks of 2 rows: rows 0 and 1 see blocks 0 to 3 (keys to 7), so nothing of the last split.
TEST(FlashDecoding, LoadsNoQueriesForASplitThatTheyDoNotSee) {
  const Result r =
      on("abstract_two_level", "flash_decoding", "seqlen_q=4,seqlen_kv=10,head_dim=8,causal=true",
         {"algorithm.num_splits=3", "algorithm.tiles={Br: 2, Bc: 2}",
          "hardware.memories.sram.capacity=1000 words"});
  const auto words = [](std::uint64_t bytes) { return bytes / 2; };
  EXPECT_EQ(words(read(r, "Q", "hbm")), (2U + 3U) * 2 * 8);
  EXPECT_EQ(words(read(r, "K", "hbm")), (4U + 5U) * 2 * 8);
  EXPECT_EQ(words(written(r, "O_splits", "hbm")), 3U * 4 * 8);
  EXPECT_EQ(words(read(r, "O_splits", "hbm")), 3U * 4 * 8);
}

// 1024 blocks of 128 keys for two heads; at most 32 CTAs a head: 64, of 16 blocks each. 63 of them
// begin inside a head but for the one that begins the second: 62 pieces beside the two hosts', of 8
// rows each.
TEST(LeanAttention, StoresAPieceForEachCtaThatBeginsInsideAHead) {
  const Result r = on_a100("lean_attention", blog(1, 65536));
  EXPECT_EQ(r.work.tasks, 64U);
  EXPECT_EQ(read(r, "K"), 32 * kMi);
  EXPECT_EQ(read(r, "Q"), (62U + 2) * 8 * 128 * 2);
  EXPECT_EQ(written(r, "O_cta"), 62U * 8 * 128 * 4);
  EXPECT_EQ(read(r, "O_cta"), 62U * 8 * 128 * 4);
  EXPECT_EQ(written(r, "m_cta"), 62U * 8 * 4);
  EXPECT_EQ(written(r, "O"), 16U * 128 * 2);
}

// 8 heads of 5 blocks: 40, two to each of 20 CTAs. They begin at 2, 4 .. 38; 10, 20 and 30 begin a
// head, the other 16 do not.
TEST(LeanAttention, CutsHeadsWhereverCtasEnd) {
  const Result r =
      on_a100("lean_attention", "heads=8,kv_heads=8,seqlen_q=1,seqlen_kv=640,head_dim=128");
  EXPECT_EQ(r.work.tasks, 20U);
  EXPECT_EQ(read(r, "Q"), (8U + 16) * 128 * 2);
  EXPECT_EQ(written(r, "O_cta"), 16U * 128 * 4);
  EXPECT_EQ(read(r, "K"), 8U * 640 * 128 * 2);
}

// arXiv 2403.08845: K and V of m_c + b m_d keys instead of b (m_c + m_d). 16 sequences, 2 KV heads,
// 512 shared keys and 128 own ones.
TEST(BifurcatedAttention, ReadsTheSharedKeysOnceForTheBatch) {
  const std::string workload =
      "batch=16,heads=8,kv_heads=2,seqlen_q=1,seqlen_kv=640,prefix=512,head_dim=128";
  const Result r = on_a100("bifurcated_attention", workload);
  EXPECT_EQ(read(r, "K_prefix"), 2U * 512 * 128 * 2);
  EXPECT_EQ(read(r, "K"), 16U * 2 * 128 * 128 * 2);
  EXPECT_EQ(read(r, "V_prefix") + read(r, "V"), 2U * (512 + 16 * 128) * 128 * 2);
  const Result ordinary = on_a100("flash_decoding", workload);
  EXPECT_EQ(read(ordinary, "K"), 2U * 16 * 640 * 128 * 2);
  // The shared keys are there once, too, for the bound that holds for any algorithm.
  EXPECT_EQ(r.bounds.front().id, "LB0");
  EXPECT_EQ(r.bounds.front().bytes,
            2.0 * (2 * (512 + 16 * 128) * 128 * 2) + 2.0 * 16 * 8 * 128 * 2);
}

// Scores and probabilities are written once; the softmax reads scores twice, the output
// probabilities once for each block of columns, here one.
TEST(BifurcatedAttention, KeepsScoresInMemory) {
  const Result r =
      on("abstract_two_level", "bifurcated_attention",
         "batch=3,heads=4,kv_heads=2,seqlen_q=1,seqlen_kv=10,prefix=7,head_dim=8",
         {"algorithm.tiles={b: 8, bk: 8}", "hardware.memories.sram.capacity=1000 words"});
  const auto words = [](std::uint64_t bytes) { return bytes / 2; };
  EXPECT_EQ(words(written(r, "S_prefix", "hbm")), 12U * 7);
  EXPECT_EQ(words(read(r, "S_prefix", "hbm")), 2U * 12 * 7);
  EXPECT_EQ(words(read(r, "P", "hbm")), 12U * 3);
  EXPECT_EQ(words(written(r, "Q_stacked", "hbm")), 12U * 8);
  EXPECT_EQ(words(read(r, "O_prefix", "hbm")), 12U * 8);
}

}  // namespace
}  // namespace attnsim
