// How fast LRU caches replay, in lines and segments per second on one core.
//
// Each case also replays its stream through LineLru in the same run: `vs_line_lru` is how many
// times faster the case is (1 for LineLru itself). Streams are in memory; their counts are pinned
// in tests/unit/lru_counts_test.cc. Capacities 4480, 136 (fa) and 4224 (std) are reuse steps; one
// line below each an access evicts just what it needs next.
#include <random>
#include <string>

#include <benchmark/benchmark.h>

#include "sim/machine/cache/block_lru.h"
#include "sim/machine/cache/line_lru.h"
#include "sim/machine/cache/record_lru.h"
#include "sim/machine/cache/segment_lru.h"
#include "sim/machine/cache/stack_distance.h"
#include "tests/benchmarks/beside_line_lru.h"
#include "tests/support/streams.h"

namespace attnsim::machine {
namespace {

struct Stream {
  std::vector<RectAccess> accesses;
  std::uint64_t lines = 0;
};

Stream with_size(std::vector<RectAccess> accesses) {
  Stream out{std::move(accesses), 0};
  for (const RectAccess& rect : out.accesses) out.lines += rect.rows * rect.row.lines.count;
  return out;
}

std::vector<RectAccess> singly(const std::vector<RectAccess>& rects) {
  std::vector<RectAccess> out;
  for (const LineAccess& row : test::rows_of(rects)) out.push_back({row, 1, 0});
  return out;
}

/// Gathers: segments of `count` lines anywhere in 64 Ki lines, every fourth a store.
std::vector<RectAccess> gathers(std::uint64_t count) {
  std::mt19937_64 random(1);
  std::vector<RectAccess> out(std::size_t{1} << 20U);
  for (auto& rect : out) {
    rect.row.lines = {random() % (65536 / count) * count, count};
    rect.row.write = random() % 4 == 0;
  }
  return out;
}

/// Statistics and pages: segments of `count` lines, one after another, around 8 Ki lines.
std::vector<RectAccess> rounds(std::uint64_t count) {
  std::vector<RectAccess> out(std::size_t{1} << 20U);
  std::uint64_t line = 0;
  for (auto& rect : out) {
    rect.row.lines = {line, count};
    line = (line + 2 * count) % (8192 + count);
  }
  return out;
}

const Stream& stream_named(const std::string& name) {
  static const Stream fa = with_size(test::flash_attention_stream());
  static const Stream standard = with_size(singly(test::standard_stream()));
  static const Stream rectangles = with_size(test::standard_stream());
  static const Stream gather1 = with_size(gathers(1));
  static const Stream gather4 = with_size(gathers(4));
  static const Stream round1 = with_size(rounds(1));
  static const Stream round4 = with_size(rounds(4));
  if (name == "fa") return fa;
  if (name == "std") return standard;
  if (name == "std_rectangles") return rectangles;
  if (name == "gather1") return gather1;
  if (name == "gather4") return gather4;
  return name == "round1" ? round1 : round4;
}

/// All capacities at once.
struct Curve {};

template <class Model>
std::uint64_t replay(const Stream& stream, std::uint64_t capacity) {
  Model cache({.capacity = capacity, .fetch_covered = true});
  for (const RectAccess& rect : stream.accesses) {
    if (rect.rows == 1) {
      cache.access(rect.row);
    } else {
      cache.access(rect);
    }
  }
  cache.finish();
  return cache.counts(0).misses;
}

template <>
std::uint64_t replay<Curve>(const Stream& stream, std::uint64_t capacity) {
  StackDistance stack(true);
  for (const RectAccess& rect : stream.accesses) stack.access(rect);
  return stack.curve().at(capacity).read_misses;
}

template <class Model>
void run(benchmark::State& state, const std::string& name, std::uint64_t capacity) {
  const Stream& stream = stream_named(name);
  test::run_beside_line_lru(
      state, stream.lines, stream.accesses.size(), [&] { return replay<Model>(stream, capacity); },
      [&] { return replay<LineLru>(stream, capacity); });
}

struct Case {
  const char* stream;
  std::uint64_t capacity;
};

constexpr Case kCases[] = {
    {"fa", 16384},
    {"fa", 4480},
    {"fa", 4479},
    {"fa", 4096},
    {"fa", 1024},
    {"fa", 136},
    {"fa", 135},
    {"fa", 128},
    {"std", 16384},
    {"std", 4224},
    {"std", 4223},
    {"std", 4096},
    {"std", 1024},
    {"std", 128},
    {"std_rectangles", 16384},
    {"std_rectangles", 4224},
    {"std_rectangles", 4223},
    {"std_rectangles", 1024},
    {"gather1", 16384},
    {"gather4", 16384},
    {"round1", 16384},
    {"round4", 16384},
    {"round1", 8191},
    {"round4", 8191},
};

const bool kRegistered = [] {
  for (const Case& c : kCases) {
    const std::string where = std::string(c.stream) + "/" + std::to_string(c.capacity);
    benchmark::RegisterBenchmark(("BM_SegmentLru/" + where).c_str(), [c](benchmark::State& state) {
      run<SegmentLru>(state, c.stream, c.capacity);
    })->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("BM_BlockLru/" + where).c_str(), [c](benchmark::State& state) {
      run<BlockLru>(state, c.stream, c.capacity);
    })->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("BM_RecordLru/" + where).c_str(), [c](benchmark::State& state) {
      run<RecordLru>(state, c.stream, c.capacity);
    })->Unit(benchmark::kMillisecond);
    benchmark::RegisterBenchmark(("BM_LineLru/" + where).c_str(), [c](benchmark::State& state) {
      run<LineLru>(state, c.stream, c.capacity);
    })->Unit(benchmark::kMillisecond);
  }
  for (const char* stream : {"fa", "std", "std_rectangles", "gather1"}) {
    const std::string name = std::string("BM_AllCapacities/") + stream;
    benchmark::RegisterBenchmark(name.c_str(), [stream](benchmark::State& state) {
      run<Curve>(state, stream, 16384);
    })->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace attnsim::machine
