// The order of tasks and of scans decides what an L2 keeps. fp16, head_dim 64: a row of Q, K, V or
// O is one line of 128 bytes; blocks of 64 rows; four query and four key blocks a head. Between two
// passes over the keys lie 64 lines of O, 2 of L and 64 of the next Q.
#include <algorithm>

#include <gtest/gtest.h>

#include "sim/replay/replay.h"
#include "tests/support/machines.h"

namespace attnsim {
namespace {

struct Order {
  const char* cta_order = "rows_first";
  const char* scan = "forward";
  std::int64_t scan_group = 1;
};

RunSpec run_of(std::uint64_t l2_lines, const Order& order, std::int64_t cores = 1,
               std::int64_t heads = 1) {
  RunSpec run;
  run.workload.heads = run.workload.kv_heads = heads;
  run.workload.seqlen_q = run.workload.seqlen_kv = 256;
  run.machine = test::machine_with({test::lru_cache("l2", l2_lines)}, cores);
  run.algorithm.name = "flash_attention_2";
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 64}, {"Bc", 64}}};
  run.algorithm.params.set("cta_order", order.cta_order);
  run.algorithm.params.set("scan", order.scan);
  run.algorithm.params.set("scan_group", order.scan_group);
  return run;
}

/// Lines of K and V together that come from memory.
std::uint64_t key_lines(const RunSpec& run) {
  const Result result = replay::replay(run);
  return (result.io_row("hbm", "K")->read_bytes + result.io_row("hbm", "V")->read_bytes).count /
         128;
}

constexpr std::uint64_t kPass = 2 * 256;  // lines of K and V of a head

TEST(IssueOrder, AlternatingScansSaveWhatTheL2StillHolds) {
  // Forward, the whole pass lies between two uses: 641 other lines. To and fro, a line of the k-th
  // last block is met again after the 128 lines of each of the k blocks beyond it, the 127 others
  // of its own and the 130 between the passes.
  for (std::uint64_t blocks = 1; blocks <= 3; ++blocks) {
    const std::uint64_t enough = 128 * (blocks - 1) + 127 + 130 + 1;
    EXPECT_EQ(key_lines(run_of(enough, {})), 4 * kPass) << blocks;
    EXPECT_EQ(key_lines(run_of(enough, {.scan = "alternating"})), 4 * kPass - 3 * 128 * blocks);
    EXPECT_EQ(key_lines(run_of(enough - 1, {.scan = "alternating"})),
              4 * kPass - 3 * 128 * (blocks - 1));
  }
}

TEST(IssueOrder, AlternatingScansSaveNothingWhereAPassFits) {
  EXPECT_EQ(key_lines(run_of(642, {})), kPass);
  EXPECT_EQ(key_lines(run_of(642, {.scan = "alternating"})), kPass);
}

TEST(IssueOrder, TasksInFlightTogetherHaveToScanAlike) {
  // Two cores share every block of keys while they scan the same way, and turn together; scanning
  // against each other they meet only where they cross.
  const std::uint64_t lines = 400;
  const std::uint64_t forward = key_lines(run_of(lines, {}, 2));
  EXPECT_EQ(forward, 2 * kPass);
  const std::uint64_t together =
      key_lines(run_of(lines, {.scan = "alternating", .scan_group = 2}, 2));
  const std::uint64_t against = key_lines(run_of(lines, {.scan = "alternating"}, 2));
  EXPECT_LT(together, forward);
  EXPECT_GT(against, together);
}

TEST(IssueOrder, HeadByHeadTheKeysOfAHeadAreReusedAtOnce) {
  // 642 lines hold a pass of one head and what lies between two passes, not those of two heads.
  EXPECT_EQ(key_lines(run_of(642, {}, 1, 2)), 2 * kPass);
  EXPECT_EQ(key_lines(run_of(642, {.cta_order = "heads_first"}, 1, 2)), 2 * 4 * kPass);
}

TEST(IssueOrder, OrderChangesNothingOutsideTheCores) {
  const Result usual = replay::replay(run_of(300, {}, 2, 3));
  const Result other = replay::replay(run_of(300, {"heads_first", "alternating", 3}, 2, 3));
  for (const char* tensor : {"Q", "K", "V", "O", "L", "total"}) {
    EXPECT_EQ(usual.io_row("l2", tensor)->bytes(), other.io_row("l2", tensor)->bytes()) << tensor;
  }
  EXPECT_TRUE(other.closed_form.back().equals);
  EXPECT_EQ(usual.footprint.front().peak_bytes, other.footprint.front().peak_bytes);
  EXPECT_EQ(other.run.algorithm.params.choice("cta_order"), "heads_first");
}

}  // namespace
}  // namespace attnsim
