// Measures a cache model beside the line-by-line simulator, on the same stream in the same run.
#pragma once

#include <algorithm>
#include <cstdint>
#include <ctime>

#include <benchmark/benchmark.h>

namespace attnsim::test {

/// Processor time: other processes on the machine do not count.
inline double seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

/// Calls both in every round and takes the fastest round of each. Counters: lines/s and segments/s
/// of the model, and `vs_line_lru`, how many times faster it is than the line-by-line simulator.
template <class Model, class LineByLine>
void run_beside_line_lru(benchmark::State& state, std::uint64_t lines, std::uint64_t segments,
                         Model&& model, LineByLine&& line_by_line) {
  double model_time = 1e9;
  double line_time = 1e9;
  for (auto _ : state) {
    const auto start = seconds();
    benchmark::DoNotOptimize(model());
    const auto middle = seconds();
    state.PauseTiming();
    benchmark::DoNotOptimize(line_by_line());
    const auto end = seconds();
    model_time = std::min(model_time, middle - start);
    line_time = std::min(line_time, end - middle);
    state.ResumeTiming();
  }
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(lines));
  state.counters["lines/s"] = static_cast<double>(lines) / model_time;
  state.counters["segments/s"] = static_cast<double>(segments) / model_time;
  state.counters["vs_line_lru"] = line_time / model_time;
}

}  // namespace attnsim::test
