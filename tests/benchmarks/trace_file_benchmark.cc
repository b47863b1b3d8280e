// How fast a trace is recorded and read back, in tile operations per second on one core, and how
// large it is. Recording includes the emission, replaying the counts.
#include <filesystem>
#include <fstream>
#include <sstream>

#include <benchmark/benchmark.h>

#include "sim/core/two_level.h"
#include "sim/replay/counts.h"
#include "sim/replay/record.h"
#include "sim/trace/file/address_writer.h"
#include "sim/trace/file/trace_reader.h"
#include "tests/support/streams.h"

namespace attnsim {
namespace {

RunSpec masked_run(const char* algorithm) {
  RunSpec run;
  run.workload.heads = run.workload.kv_heads = 16;
  run.workload.seqlen_q = run.workload.seqlen_kv = 8192;
  run.workload.head_dim = run.workload.head_dim_v = 128;
  run.workload.causal = true;
  run.machine = two_level_machine(1 << 20);
  run.algorithm.name = algorithm;
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 128}, {"Bc", 64}}};
  run.algorithm.params.set("pack_gqa", false);
  run.algorithm.params.set("trimmed", false);
  return run;
}

const char* algorithm_at(std::int64_t which) {
  return which == 0 ? "flash_attention_2" : "flash_attention_1";
}

std::string recorded(const replay::PlannedRun& planned, std::uint64_t& ops) {
  std::ostringstream out;
  ops += replay::record(planned, replay::trace_header(planned, "", "0"), out).ops;
  return out.str();
}

void BM_Record(benchmark::State& state) {
  const replay::PlannedRun planned(masked_run(algorithm_at(state.range(0))));
  std::uint64_t ops = 0;
  std::size_t bytes = 0;
  for (auto _ : state) bytes += recorded(planned, ops).size();
  state.SetItemsProcessed(static_cast<std::int64_t>(ops));
  state.SetLabel(planned.run().algorithm.name);
  state.counters["bytes_per_op"] = static_cast<double>(bytes) / static_cast<double>(ops);
}
BENCHMARK(BM_Record)->DenseRange(0, 1);

/// Unpacking alone.
void BM_Read(benchmark::State& state) {
  const replay::PlannedRun planned(masked_run(algorithm_at(state.range(0))));
  std::uint64_t ops = 0;
  const std::string bytes = recorded(planned, ops);
  ops = 0;
  for (auto _ : state) {
    const trace_file::TraceReader trace(std::make_unique<std::istringstream>(bytes), "x");
    for (std::size_t n = 0; n < trace.blocks().size(); ++n) ops += trace.block(n)->ops.size();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(ops));
  state.SetLabel(planned.run().algorithm.name);
}
BENCHMARK(BM_Read)->DenseRange(0, 1);

/// A stream of single lines as din, and of segments as csv: accesses per second.
void BM_ReadAddresses(benchmark::State& state) {
  const bool din = state.range(0) == 0;
  const auto format = din ? trace_file::AddressFormat::din : trace_file::AddressFormat::csv;
  std::ostringstream text;
  trace_file::AddressWriter writer(text, format);
  for (const machine::LineAccess& a : test::rows_of(test::flash_attention_stream(8))) {
    writer.add({.address = a.lines.first * 64, .bytes = a.lines.count * 64, .write = a.write});
  }
  std::int64_t accesses = 0;
  for (auto _ : state) {
    std::istringstream in(text.str());
    trace_file::AddressReader reader(in, "x", format);
    for (trace_file::AddressEvent event; reader.next(event);) ++accesses;
  }
  state.SetItemsProcessed(accesses);
  state.SetLabel(din ? "din" : "csv");
}
BENCHMARK(BM_ReadAddresses)->DenseRange(0, 1);

void BM_ReplayAndCount(benchmark::State& state) {
  RunSpec run = masked_run(algorithm_at(state.range(0)));
  std::uint64_t ops = 0;
  const std::string path =
      (std::filesystem::temp_directory_path() / "attnsim_benchmark.trace").string();
  {
    const replay::PlannedRun planned(run);
    std::ofstream(path, std::ios::binary) << recorded(planned, ops);
  }
  run.algorithm = {.name = "replay"};
  run.algorithm.params.set("file", path);
  ops = 0;
  for (auto _ : state) ops += replay::replay(run).work.operations;
  std::filesystem::remove(path);
  state.SetItemsProcessed(static_cast<std::int64_t>(ops));
  state.SetLabel(algorithm_at(state.range(0)));
}
BENCHMARK(BM_ReplayAndCount)->DenseRange(0, 1);

}  // namespace
}  // namespace attnsim
