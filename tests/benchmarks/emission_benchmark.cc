// How fast a trace is emitted and counted, in tile operations per second on one core.
//
// The empty sink is the limit: what emission alone costs. Counting is reported as items per second
// and as a ratio to that limit, measured in the same run.
#include <chrono>

#include <benchmark/benchmark.h>

#include "sim/core/two_level.h"
#include "sim/replay/counts.h"
#include "sim/replay/replay.h"

namespace attnsim {
namespace {

class EmptySink final : public replay::TaskSink {
 public:
  void begin_task(const Kernel&, std::int64_t) override {}
  void consume(std::span<const TileOp> ops) override {
    count += ops.size();
    benchmark::DoNotOptimize(ops.data());
  }
  void end_task() override {}
  std::uint64_t count = 0;
};

RunSpec run_of(const char* algorithm, TileChoice tiles) {
  RunSpec run;
  run.workload.seqlen_q = run.workload.seqlen_kv = 32768;
  run.workload.head_dim = run.workload.head_dim_v = 128;
  run.machine = two_level_machine(1 << 20);
  run.algorithm.name = algorithm;
  run.algorithm.tiles = std::move(tiles);
  run.algorithm.params.set("pack_gqa", false);
  run.algorithm.params.set("trimmed", false);
  return run;
}

RunSpec run_at(std::int64_t which) {
  const auto sizes = [](const char* a, std::int64_t x, const char* b, std::int64_t y) {
    return TileChoice{TileRule::explicit_sizes, {{a, x}, {b, y}}};
  };
  switch (which) {
    case 0:
      return run_of("flash_attention_2", sizes("Br", 128, "Bc", 64));
    case 1:
      return run_of("flash_attention_1", sizes("Br", 64, "Bc", 128));
    default:
      return run_of("standard", sizes("b", 64, "bk", 16));
  }
}

std::uint64_t emit(const replay::PlannedRun& planned) {
  EmptySink sink;
  replay::run_program(planned.schedule().program(), sink);
  return sink.count;
}

std::uint64_t count(const replay::PlannedRun& planned) {
  replay::Counter counter(planned.schedule().program(), planned.run().machine, planned.target());
  replay::run_program(planned.schedule().program(), counter);
  return counter.work().operations;
}

void BM_Emission(benchmark::State& state) {
  const replay::PlannedRun planned(run_at(state.range(0)));
  std::uint64_t ops = 0;
  for (auto _ : state) ops += emit(planned);
  state.SetItemsProcessed(static_cast<std::int64_t>(ops));
  state.SetLabel(planned.run().algorithm.name);
}
BENCHMARK(BM_Emission)->DenseRange(0, 2);

void BM_EmissionAndCounting(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  const replay::PlannedRun planned(run_at(state.range(0)));
  std::uint64_t ops = 0;
  Clock::duration empty{};
  Clock::duration counted{};
  for (auto _ : state) {
    state.PauseTiming();
    const auto start = Clock::now();
    benchmark::DoNotOptimize(emit(planned));
    const auto middle = Clock::now();
    state.ResumeTiming();
    ops += count(planned);
    state.PauseTiming();
    empty += middle - start;
    counted += Clock::now() - middle;
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(ops));
  state.SetLabel(planned.run().algorithm.name);
  state.counters["ratio_to_empty_sink"] =
      static_cast<double>(counted.count()) / static_cast<double>(empty.count());
}
BENCHMARK(BM_EmissionAndCounting)->DenseRange(0, 2);

}  // namespace
}  // namespace attnsim

BENCHMARK_MAIN();
