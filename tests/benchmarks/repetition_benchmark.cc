// What repetition saves: the cost of a run must not grow with heads that are copies of each other.
#include <benchmark/benchmark.h>

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"

namespace attnsim {
namespace {

/// FlashAttention-1 at N = 1024, d = 64 in 64 x 64 tiles, on one core with an LRU L2 of 1 MiB.
RunSpec heads_through_a_cache(std::int64_t heads) {
  RunSpec run;
  run.workload.heads = run.workload.kv_heads = heads;
  run.workload.seqlen_q = run.workload.seqlen_kv = 1024;
  run.workload.head_dim = run.workload.head_dim_v = 64;
  run.machine = two_level_machine(1 << 16);
  run.machine.uniform_words = false;
  MemorySpec l2{.name = "l2", .kind = MemoryKind::cache, .parent = "hbm"};
  l2.capacity = Capacity{1 << 20, false};
  l2.line = 64;
  l2.cache.policy = "lru";
  run.machine.memories[0].parent = "l2";
  run.machine.memories.insert(run.machine.memories.begin() + 1, l2);
  run.algorithm.name = "flash_attention_1";
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 64}, {"Bc", 64}}};
  return run;
}

RunSpec long_sequence(std::int64_t seqlen) {
  RunSpec run;
  run.workload.seqlen_q = run.workload.seqlen_kv = seqlen;
  run.workload.head_dim = run.workload.head_dim_v = 128;
  run.machine = two_level_machine(1 << 16);
  run.algorithm.name = "flash_attention_2";
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 128}, {"Bc", 64}}};
  return run;
}

void BM_HeadsThroughACache(benchmark::State& state) {
  const replay::PlannedRun planned(heads_through_a_cache(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(replay::replay(planned).caches.size());
}
BENCHMARK(BM_HeadsThroughACache)->Arg(64)->Arg(65536)->Unit(benchmark::kMillisecond);

void BM_Tokens(benchmark::State& state) {
  const replay::PlannedRun planned(long_sequence(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(replay::replay(planned).io.size());
}
BENCHMARK(BM_Tokens)->Arg(1 << 15)->Arg(1 << 20)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace attnsim
