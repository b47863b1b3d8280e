// What of the traffic of all cores passes a simulated L2, against counts worked out by hand.
#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/replay/replay.h"
#include "tests/support/machines.h"

namespace attnsim {
namespace {

constexpr std::uint64_t kLine = 128;

/// fp16, head_dim 64: a row of Q, K, V or O is one line.
RunSpec run_of(const char* algorithm, std::int64_t length, std::int64_t Br, std::int64_t Bc,
               std::uint64_t l2_bytes) {
  RunSpec run;
  run.workload.seqlen_q = run.workload.seqlen_kv = length;
  run.machine = test::machine_with({test::lru_cache("l2", l2_bytes / kLine)});
  run.algorithm.name = algorithm;
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", Br}, {"Bc", Bc}}};
  run.algorithm.params.set("pack_gqa", false);
  run.algorithm.params.set("trimmed", false);
  return run;
}

std::uint64_t hbm_lines(const Result& result, const char* tensor) {
  return result.io_row("hbm", tensor)->bytes().count / kLine;
}

const CacheRow& l2_row(const Result& result, const char* tensor) {
  for (const CacheRow& row : result.caches) {
    if (row.tensor == tensor) return row;
  }
  ADD_FAILURE() << tensor;
  static const CacheRow none;
  return none;
}

TEST(CacheTraffic, ALargeCacheLeavesTheCompulsoryTraffic) {
  const Result result = replay::replay(run_of("flash_attention_2", 256, 64, 64, 1 << 20));
  for (const char* tensor : {"Q", "K", "V", "O"}) EXPECT_EQ(hbm_lines(result, tensor), 256U);
  EXPECT_EQ(hbm_lines(result, "L"), 256U * 4 / kLine);
  // K and V: four query blocks, the first one misses.
  EXPECT_EQ(l2_row(result, "K").accesses, 4U * 256);
  EXPECT_EQ(l2_row(result, "K").hits, 3U * 256);
  EXPECT_EQ(l2_row(result, "K").cold, 256U);
  // The cores see the same traffic as without a cache.
  EXPECT_EQ(result.io_row("l2", "K")->read_bytes.count, 4U * 256 * kLine);
  EXPECT_TRUE(result.closed_form.back().equals);
}

TEST(CacheTraffic, OneLineLessThanTheReuseDistanceAndNothingIsReused) {
  // One task after another: between two uses of a line of K lie the other 511 lines of K and V, and
  // at a block's end and start 64 lines of O, 64 of Q and 2 of L: 641 in all for the first key
  // block.
  const std::uint64_t lines = 511 + 64 + 64 + 2;
  const Result enough =
      replay::replay(run_of("flash_attention_2", 256, 64, 64, (lines + 1) * kLine));
  EXPECT_EQ(hbm_lines(enough, "K"), 256U);
  const Result short_of = replay::replay(run_of("flash_attention_2", 256, 64, 64, lines * kLine));
  EXPECT_EQ(hbm_lines(short_of, "K"), 4U * 256);
  EXPECT_EQ(hbm_lines(short_of, "V"), 4U * 256);
}

TEST(CacheTraffic, FlashAttention1RewritesItsOutputInTheCache) {
  // Everything fits: O, l and m leave once, though they are stored in every pass.
  const Result result = replay::replay(run_of("flash_attention_1", 256, 64, 64, 1 << 20));
  EXPECT_EQ(result.io_row("hbm", "O")->write_bytes.count, 256 * kLine);
  EXPECT_EQ(result.io_row("hbm", "O")->read_bytes.count, 0U);  // the initial store makes the lines
  EXPECT_EQ(l2_row(result, "O").write_misses, 256U);
  EXPECT_EQ(l2_row(result, "O").final_dirty, 256U);
}

// dQ is fp32: a row of 64 is two lines. Four key blocks add to 256 rows, after the zeros of each.
TEST(CacheTraffic, AnAtomicIsAWriteThatFetchesOnlyOnAMiss) {
  const auto backward = [](const char* dq, std::uint64_t l2_bytes) {
    RunSpec run = run_of("flash_attention_2", 256, 64, 64, l2_bytes);
    run.workload.pass = Pass::backward;
    run.algorithm.params.set("dq", std::string(dq));
    return replay::replay(run);
  };
  constexpr std::uint64_t kGradient = 256 * 2 * kLine;
  const Result atomic = backward("atomic", 1 << 20);
  EXPECT_EQ(atomic.io_row("l2", "dQ")->read_bytes.count, 0U);
  EXPECT_EQ(atomic.io_row("l2", "dQ")->write_bytes.count, 5 * kGradient);
  EXPECT_EQ(l2_row(atomic, "dQ").accesses, 5U * 256 * 2);
  EXPECT_EQ(atomic.io_row("hbm", "dQ")->read_bytes.count, 0U);  // the zeros are still there
  EXPECT_EQ(atomic.io_row("hbm", "dQ")->write_bytes.count, kGradient);

  const Result core = backward("core", 1 << 20);
  EXPECT_EQ(core.io_row("l2", "dQ")->read_bytes.count, 4 * kGradient);
  EXPECT_EQ(core.io_row("l2", "dQ")->write_bytes.count, 5 * kGradient);
  EXPECT_EQ(core.io_row("hbm", "dQ")->bytes().count, kGradient);

  // A cache that keeps nothing from one key block to the next: each addition fetches the old value.
  for (const char* dq : {"atomic", "core"}) {
    const Result small = backward(dq, 256 * kLine);
    EXPECT_EQ(small.io_row("hbm", "dQ")->read_bytes.count, 4 * kGradient) << dq;
    EXPECT_EQ(small.io_row("hbm", "dQ")->write_bytes.count, 5 * kGradient) << dq;
  }
}

TEST(CacheTraffic, EveryPolicyRunsAndOptMissesLeast) {
  const auto misses = [](const char* policy) {
    RunSpec run = run_of("flash_attention_2", 256, 64, 64, 320 * kLine);
    run.machine.memories[1].cache.policy = policy;
    const Result result = replay::replay(run);
    EXPECT_EQ(l2_row(result, "total").hits + l2_row(result, "total").misses,
              l2_row(result, "total").accesses);
    return l2_row(result, "total").misses;
  };
  const std::uint64_t opt = misses("opt");
  for (const char* policy : {"lru", "fifo", "tree_plru", "random", "srrip"}) {
    EXPECT_GE(misses(policy), opt) << policy;
  }
}

TEST(CacheTraffic, AFaultyCacheIsTheUsersFault) {
  RunSpec run = run_of("flash_attention_2", 256, 64, 64, 1 << 20);
  run.machine.memories[1].line.reset();
  try {
    replay::replay(run);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "cache 'l2': line: a simulated cache needs a line size");
  }
  run.machine.memories[1].line = kLine;
  run.machine.memories[1].ways = 3;
  try {
    replay::replay(run);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(), "cache 'l2': ways: expected a divisor of the 8192 lines, got '3'");
  }
}

}  // namespace
}  // namespace attnsim
