// The addresses that a trace is exported with are those that a simulated cache sees.
#include <set>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>

#include <gtest/gtest.h>

#include "sim/machine/cache_factory.h"
#include "sim/machine/line_span.h"
#include "sim/replay/replay.h"
#include "sim/trace/file/trace_accesses.h"
#include "tests/support/machines.h"
#include "tests/unit/trace_fixture.h"

namespace attnsim {
namespace {

constexpr std::uint64_t kLine = 128;
constexpr std::uint64_t kLines = 300;

/// One task at a time, so that the cache sees the order of the file.
RunSpec run_of(bool pack_gqa, bool uniform_words) {
  RunSpec run;
  run.workload = {.heads = 6,
                  .kv_heads = 2,
                  .seqlen_q = 150,
                  .seqlen_kv = 150,
                  .head_dim = 40,  // rows of 80 bytes: no line is a row
                  .head_dim_v = 40,
                  .causal = true};
  run.machine = test::machine_with({test::lru_cache("l2", kLines)});
  run.machine.memories.front().capacity = Capacity{40 << 10, false};
  run.machine.uniform_words = uniform_words;
  run.algorithm.name = "flash_attention_2";
  run.algorithm.tiles = {TileRule::explicit_sizes, {{"Br", 64}, {"Bc", 48}}};
  run.algorithm.params.set("pack_gqa", pack_gqa);
  return run;
}

std::string din_of(const RunSpec& run) {
  const auto trace = trace_file::reader_of(trace_file::recorded(run));
  const Target target(run.machine, run.workload);
  std::ostringstream out;
  trace_file::AddressWriter writer(out, trace_file::AddressFormat::din, kLine);
  write_accesses(*trace, TensorLayout(trace->header().tensors, target), writer);
  return out.str();
}

/// What a cache of the run's size makes of the file, access by access.
machine::CacheCounts counts_of(const std::string& din) {
  machine::CacheTree tree(kLine);
  const CacheSpec cache{
      .name = "l2", .capacity = kLines * kLine, .line = kLine, .rules = {.policy = "lru"}};
  const auto node = machine::add_cache(tree, tree.add_memory("hbm"), cache, 1);
  std::istringstream in(din);
  trace_file::AddressReader reader(in, "x.din", trace_file::AddressFormat::din);
  for (trace_file::AddressEvent event; reader.next(event);) {
    tree.access(node, machine::LineAccess{
                          .lines = machine::span_of(event.address, event.bytes, kLine).lines,
                          .write = event.write});
  }
  tree.finish();
  return tree.counts(node, 0);
}

class AddressAgreement : public testing::TestWithParam<std::tuple<bool, bool>> {};

TEST_P(AddressAgreement, TheFileAndTheCacheSeeTheSame) {
  const RunSpec run = run_of(std::get<0>(GetParam()), std::get<1>(GetParam()));
  const machine::CacheCounts file = counts_of(din_of(run));
  const Result result = replay::replay(run);
  const CacheRow& cache = result.caches.back();
  EXPECT_EQ(cache.tensor, "total");
  EXPECT_EQ(cache.accesses, file.accesses);
  EXPECT_EQ(cache.cold, file.cold);
  EXPECT_EQ(cache.read_misses, file.read_misses);
  EXPECT_EQ(cache.write_misses, file.write_misses);
  EXPECT_EQ(cache.evictions, file.evictions);
  EXPECT_EQ(cache.write_backs, file.write_backs);
  EXPECT_EQ(cache.final_dirty, file.final_dirty);
  EXPECT_GT(cache.capacity, 0U) << "the order matters";
}

INSTANTIATE_TEST_SUITE_P(PackedAndWords, AddressAgreement,
                         testing::Combine(testing::Bool(), testing::Bool()));

TEST(AddressAgreement, PackingMovesNothing) {
  // The same lines are read and written, in whatever order.
  const auto touched = [](bool pack_gqa) {
    std::set<std::pair<std::uint64_t, bool>> lines;
    std::istringstream in(din_of(run_of(pack_gqa, false)));
    trace_file::AddressReader reader(in, "x.din", trace_file::AddressFormat::din);
    for (trace_file::AddressEvent event; reader.next(event);) {
      lines.insert({event.address / kLine, event.write});
    }
    return lines;
  };
  EXPECT_EQ(touched(true), touched(false));
}

}  // namespace
}  // namespace attnsim
