// How fast the time reading is, in tile operations per second on one core: FlashAttention-2 forward
// on the machine of its paper, 16K tokens, 16 heads of dimension 128.
//
// Emission alone is the limit; events, queues and the cache of the device come on top.
#include <benchmark/benchmark.h>

#include "sim/config/config.h"
#include "sim/replay/time/time.h"

namespace attnsim {
namespace {

RunSpec run_of(bool causal) {
  RunSpec run;
  run.machine = config::load_machine("nvidia_a100_sxm_80", {ATTNSIM_SOURCE_DIR});
  run.workload.heads = run.workload.kv_heads = 16;
  run.workload.seqlen_q = run.workload.seqlen_kv = 16384;
  run.workload.head_dim = run.workload.head_dim_v = 128;
  run.workload.causal = causal;
  run.algorithm.name = "flash_attention_2";
  return run;
}

void BM_Time(benchmark::State& state) {
  const replay::PlannedRun planned(run_of(state.range(0) != 0));
  const std::uint64_t operations = replay::replay(planned).work.operations;
  double seconds = 0;
  for (auto _ : state) {
    seconds =
        replay::time::estimate(planned, nullptr, nullptr, replay::Repetition::replay_all).seconds;
    benchmark::DoNotOptimize(seconds);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(operations) * state.iterations());
  state.SetLabel(state.range(0) != 0 ? "causal" : "full");
  state.counters["simulated_ms"] = seconds * 1e3;
}
BENCHMARK(BM_Time)->DenseRange(0, 1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace attnsim
