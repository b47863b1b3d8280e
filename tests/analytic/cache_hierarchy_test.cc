// Several simulated caches, one inside the other and one per core, against counts worked out by
// hand. fp16, head_dim 64: a row of Q, K, V or O is one line of 128 bytes.
#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/replay/replay.h"
#include "tests/support/machines.h"

namespace attnsim {
namespace {

using test::lru_cache;
using test::machine_with;

constexpr std::uint64_t kLine = 128;
constexpr std::int64_t kLength = 256;
constexpr std::uint64_t kRows = 256;

/// Four tasks of 64 query rows each; one fits on a core.
RunSpec run_on(MachineSpec machine, const char* algorithm = "flash_attention_2") {
  RunSpec run;
  run.workload.seqlen_q = run.workload.seqlen_kv = kLength;
  run.machine = std::move(machine);
  run.algorithm.name = algorithm;
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 64}, {"Bc", 64}}};
  run.algorithm.params.set("pack_gqa", false);
  run.algorithm.params.set("trimmed", false);
  return run;
}

std::uint64_t lines_read(const Result& result, const char* memory, const char* tensor) {
  return result.io_row(memory, tensor)->read_bytes.count / kLine;
}

std::uint64_t lines_written(const Result& result, const char* memory, const char* tensor) {
  return result.io_row(memory, tensor)->write_bytes.count / kLine;
}

CacheRow row(const Result& result, const std::string& cache, const std::string& tensor) {
  for (const CacheRow& r : result.caches) {
    if (r.name == cache && r.tensor == tensor) return r;
  }
  ADD_FAILURE() << cache << ' ' << tensor;
  return {};
}

TEST(CacheHierarchy, EachCoreHasItsOwnL1) {
  // Two cores, places 0 and 1: each runs two of the four tasks, and its L1 misses K once.
  const auto l1 = lru_cache("l1", 4096, true), l2 = lru_cache("l2", 4096);
  const Result two = replay::replay(run_on(machine_with({l1, l2}, 2)));
  EXPECT_EQ(lines_read(two, "l1", "K"), 4 * kRows);
  EXPECT_EQ(row(two, "l1", "K").accesses, 4 * kRows);
  EXPECT_EQ(row(two, "l1", "K").misses, 2 * kRows);
  EXPECT_EQ(lines_read(two, "l2", "K"), 2 * kRows);
  EXPECT_EQ(row(two, "l2", "K").accesses, 2 * kRows);
  EXPECT_EQ(lines_read(two, "hbm", "K"), kRows);
  // Q is used once: every cache passes it on.
  for (const char* memory : {"l1", "l2", "hbm"}) EXPECT_EQ(lines_read(two, memory, "Q"), kRows);
  // O stays dirty in the L1s, then in the L2.
  EXPECT_EQ(row(two, "l1", "O").final_dirty, kRows);
  EXPECT_EQ(lines_written(two, "l2", "O"), kRows);
  EXPECT_EQ(lines_written(two, "hbm", "O"), kRows);

  const Result four = replay::replay(run_on(machine_with({l1, l2}, 4)));
  EXPECT_EQ(row(four, "l1", "K").hits, 0U);
  EXPECT_EQ(lines_read(four, "l2", "K"), 4 * kRows);
  EXPECT_EQ(lines_read(four, "hbm", "K"), kRows);
  // More cores than tasks change nothing.
  const Result many = replay::replay(run_on(machine_with({l1, l2}, 1000)));
  EXPECT_EQ(lines_read(many, "l2", "total"), lines_read(four, "l2", "total"));
}

TEST(CacheHierarchy, AMemoryBetweenTwoSimulatedCachesPassesOn) {
  auto l2 = lru_cache("l2", 64);
  l2.cache.policy = "";
  const Result result = replay::replay(
      run_on(machine_with({lru_cache("l1", 4096, true), l2, lru_cache("l3", 4096)}, 2)));
  EXPECT_EQ(lines_read(result, "l2", "K"), 2 * kRows);
  EXPECT_EQ(lines_read(result, "l3", "K"), 2 * kRows);
  EXPECT_EQ(lines_read(result, "hbm", "K"), kRows);
  EXPECT_EQ(row(result, "l3", "K").accesses, 2 * kRows);
}

TEST(CacheHierarchy, MemoriesBeyondTheLastCacheSeeTheSame) {
  MachineSpec machine = machine_with({lru_cache("l2", 4096)});
  machine.memories.back().parent = "host";
  machine.memories.push_back({.name = "host", .kind = MemoryKind::dram});
  const Result result = replay::replay(run_on(machine));
  EXPECT_EQ(lines_read(result, "l2", "K"), 4 * kRows);
  EXPECT_EQ(lines_read(result, "hbm", "K"), kRows);
  EXPECT_EQ(lines_read(result, "host", "K"), kRows);
  EXPECT_EQ(result.io_row("host", "total")->bytes(), result.io_row("hbm", "total")->bytes());
}

/// K, V and Q in sram, which lies in l2; statistics and O in registers, which lie in l1.
MachineSpec registers_behind_l1() {
  MachineSpec machine = machine_with({lru_cache("l1", 4096, true), lru_cache("l2", 4096)});
  machine.memories.front().parent = "l2";
  machine.memories.insert(machine.memories.begin(), {.name = "regs",
                                                     .kind = MemoryKind::registers,
                                                     .per_core = true,
                                                     .parent = "l1",
                                                     .capacity = Capacity{64 << 10, false}});
  machine.roles = {"sram", "regs", "regs", "sram", "sram"};
  return machine;
}

TEST(CacheHierarchy, TilesBesideACachePassItBy) {
  const Result result = replay::replay(run_on(registers_behind_l1()));
  EXPECT_EQ(result.io_row("l1", "K"), nullptr);
  EXPECT_EQ(row(result, "l1", "total").accesses, kRows + kRows * 4 / kLine);  // O and L
  EXPECT_EQ(lines_written(result, "l2", "O"), kRows);
  EXPECT_EQ(lines_read(result, "l2", "K"), 4 * kRows);
  EXPECT_EQ(row(result, "l2", "K").accesses, 4 * kRows);
  EXPECT_EQ(lines_read(result, "hbm", "K"), kRows);
  EXPECT_EQ(result.io_row("l2", "total")->read_bytes.count, (kRows + 4 * kRows * 2) * kLine);
}

TEST(CacheHierarchy, OneTensorReachesOneCache) {
  // FlashAttention-1 sets O up from where operands live, and stores it from registers.
  try {
    replay::replay(run_on(registers_behind_l1(), "flash_attention_1"));
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "hardware.memories: tiles of tensor 'O' reach memory through cache 'l2' and "
                 "through cache 'l1'; give the memories that hold them one simulated cache as the "
                 "next");
  }
}

TEST(CacheHierarchy, AWriteThroughL1KeepsNothingDirty) {
  auto l1 = lru_cache("l1", 4096, true);
  l1.cache.write_through = true;
  l1.cache.write_allocate = false;
  const Result result = replay::replay(run_on(machine_with({l1, lru_cache("l2", 4096)})));
  EXPECT_EQ(row(result, "l1", "O").write_misses, kRows);
  EXPECT_EQ(row(result, "l1", "O").fills, 0U);
  EXPECT_EQ(row(result, "l1", "O").write_backs, kRows);
  EXPECT_EQ(row(result, "l1", "O").final_dirty, 0U);
  EXPECT_EQ(lines_written(result, "l2", "O"), kRows);
}

TEST(CacheHierarchy, FetchCoveredReadsWhatItOverwrites) {
  auto l2 = lru_cache("l2", 4096);
  l2.cache.fetch_covered = true;
  const Result result = replay::replay(run_on(machine_with({l2})));
  EXPECT_EQ(lines_read(result, "hbm", "O"), kRows);
}

TEST(CacheHierarchy, AnExclusivePairIsOneCacheOfBothCapacities) {
  // Fully associative LRU: what the inner cache gives up is put into the outer one as its youngest
  // line, so both together are one LRU stack. The reuse distance of K is 641 lines
  // (cache_traffic_test). 642 lines do not hold it here: what the inner cache gives up takes its
  // place in the outer one before the line that it makes room for has left.
  for (const std::uint64_t both : {641U, 643U}) {
    auto l1 = lru_cache("l1", 200, true), l2 = lru_cache("l2", both - 200);
    auto alone = lru_cache("l2", both);
    l1.cache.fetch_covered = l2.cache.fetch_covered = alone.cache.fetch_covered = true;
    l2.cache.inclusion = CacheInclusion::exclusive;
    const Result pair = replay::replay(run_on(machine_with({l1, l2})));
    const Result one = replay::replay(run_on(machine_with({alone})));
    for (const char* tensor : {"Q", "K", "V", "O", "L", "total"}) {
      EXPECT_EQ(pair.io_row("hbm", tensor)->bytes(), one.io_row("hbm", tensor)->bytes()) << tensor;
    }
    EXPECT_EQ(lines_read(pair, "hbm", "K"), both == 641 ? 4 * kRows : kRows);
  }
}

TEST(CacheHierarchy, AnInclusiveCacheTakesLinesOutOfTheOneInside) {
  // An L2 as small as the L1 that holds all it holds: what K and V of another task push out of the
  // L2 is no longer in the L1, whose own capacity would have kept it.
  auto l1 = lru_cache("l1", 4096, true), l2 = lru_cache("l2", 300);
  l1.cache.fetch_covered = l2.cache.fetch_covered = true;
  const Result apart = replay::replay(run_on(machine_with({l1, l2})));
  EXPECT_EQ(row(apart, "l1", "K").misses, kRows);
  l2.cache.inclusion = CacheInclusion::inclusive;
  const Result inclusive = replay::replay(run_on(machine_with({l1, l2})));
  EXPECT_EQ(row(inclusive, "l1", "K").misses, 4 * kRows);
}

TEST(CacheHierarchy, ConflictMissesAreToldApartOnRequest) {
  // Fully associative, 700 lines keep K and V. Direct-mapped, lines 700 apart share a place: Q 64
  // .. 67 (task 1) with the last four of V, O 188 .. 191 (task 2) with K 0 .. 3, and the two lines
  // of L that tasks 0, 1 and 2 store with two of K each.
  auto l2 = lru_cache("l2", 700);
  l2.ways = 1;
  const Result untold = replay::replay(run_on(machine_with({l2})));
  EXPECT_EQ(row(untold, "l2", "total").conflict, 0U);
  EXPECT_EQ(row(untold, "l2", "total").capacity, 4U + 4U + 3 * 2U);
  l2.cache.classify = true;
  const Result told = replay::replay(run_on(machine_with({l2})));
  EXPECT_EQ(row(told, "l2", "V").conflict, 4U);
  EXPECT_EQ(row(told, "l2", "K").conflict, 4U + 3 * 2U);
  EXPECT_EQ(row(told, "l2", "total").conflict, 4U + 4U + 3 * 2U);
  EXPECT_EQ(row(told, "l2", "total").capacity, 0U);
  EXPECT_EQ(row(told, "l2", "total").misses, row(untold, "l2", "total").misses);
}

TEST(CacheHierarchy, FaultsBetweenCachesAreTheUsers) {
  const auto fault = [](MachineSpec machine) -> std::string {
    try {
      replay::replay(run_on(std::move(machine)));
    } catch (const UserError& error) {
      return error.what();
    }
    return "none";
  };
  auto l1 = lru_cache("l1", 4096, true);
  l1.line = 64;
  EXPECT_EQ(fault(machine_with({l1, lru_cache("l2", 4096)})),
            "cache 'l1': line: this cache counts in units of 64 bytes, 'l2' outside it in 128; "
            "give both one line (with ways: sector) size");
  auto inclusive = lru_cache("l2", 4096);
  inclusive.cache.inclusion = CacheInclusion::inclusive;
  EXPECT_EQ(fault(machine_with({lru_cache("l1", 64, true), inclusive})),
            "cache 'l1': fetch_covered: expected true: 'l2' outside it is inclusive or exclusive, "
            "or lies in such a cache");
}

}  // namespace
}  // namespace attnsim
