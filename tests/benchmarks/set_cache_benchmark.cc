// How fast caches other than fully associative LRU replay: lines per second on two streams of
// attention (see tests/support/streams.h), beside a line-by-line LRU cache of as many lines.
#include <benchmark/benchmark.h>

#include "sim/machine/cache/line_lru.h"
#include "sim/machine/cache/opt_cache.h"
#include "sim/machine/cache/set_cache.h"
#include "tests/benchmarks/beside_line_lru.h"
#include "tests/support/downstream_log.h"
#include "tests/support/streams.h"

namespace attnsim::test {
namespace {

using machine::OptCache;
using machine::OptConfig;
using machine::SetCache;
using machine::SetCacheConfig;

constexpr std::uint32_t kLines = 16384;

const Stream& stream(bool fa) {
  static const Stream first = rows_of(flash_attention_stream());
  static const Stream second = rows_of(standard_stream());
  return fa ? first : second;
}

/// One line at a time in random places: nothing that neighbours share.
const Stream& scattered() {
  static const Stream accesses = [] {
    Stream out;
    std::uint64_t state = 1;
    for (int i = 0; i < 4000000; ++i) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      out.push_back({.lines = {state >> 33 & 0x7FFF, 1}, .write = (state >> 60 & 3) == 0});
    }
    return out;
  }();
  return accesses;
}

template <typename Cache>
std::uint64_t replay(const Stream& accesses, Cache&& cache) {
  for (const machine::LineAccess& a : accesses) cache.access(a);
  cache.finish();
  return cache.counts(0).misses;
}

template <typename Cache, typename Config>
void run(benchmark::State& state, const Stream& accesses, const Config& config) {
  const std::uint64_t lines = std::uint64_t{config.sets} * config.ways;
  Sink memory;
  run_beside_line_lru(
      state, lines_of(accesses), accesses.size(),
      [&] { return replay(accesses, Cache(config, memory)); },
      [&] { return replay(accesses, machine::LineLru({.capacity = lines}, &memory)); });
}

void register_set_caches() {
  for (const char* policy : {"lru", "fifo", "srrip", "tree_plru", "random"}) {
    for (const std::uint32_t ways : {8U, 16U, kLines}) {
      SetCacheConfig config;
      config.policy = policy;
      config.ways = ways;
      config.sets = kLines / ways;
      const std::string shape = ways == kLines ? "full" : std::to_string(ways) + "_way";
      const std::string name = std::string("BM_SetCache/") + policy + "/" + shape;
      for (const bool fa : {true, false}) {
        benchmark::RegisterBenchmark(
            (name + (fa ? "/fa" : "/std")).c_str(),
            [=](benchmark::State& s) { run<SetCache>(s, stream(fa), config); });
      }
      benchmark::RegisterBenchmark((name + "/scattered").c_str(), [=](benchmark::State& s) {
        run<SetCache>(s, scattered(), config);
      });
    }
  }
}

void register_opt() {
  for (const std::uint32_t sets : {1U, 1024U}) {
    for (const std::uint32_t lines : {kLines, kLines / 4}) {
      const OptConfig config{.sets = sets, .ways = lines / sets};
      const std::string name =
          "BM_Opt/" + std::to_string(sets) + "_sets/" + std::to_string(lines / 16) + "_KiB";
      for (const bool fa : {true, false}) {
        benchmark::RegisterBenchmark(
            (name + (fa ? "/fa" : "/std")).c_str(),
            [=](benchmark::State& s) { run<OptCache>(s, stream(fa), config); });
      }
      benchmark::RegisterBenchmark((name + "/scattered").c_str(), [=](benchmark::State& s) {
        run<OptCache>(s, scattered(), config);
      });
    }
  }
}

[[maybe_unused]] const bool registered = [] {
  register_opt();
  register_set_caches();
  return true;
}();

}  // namespace
}  // namespace attnsim::test
