// Every LRU model equals the textbook, count by count and event by event, on any trace.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sim/machine/cache/block_lru.h"
#include "sim/machine/cache/line_lru.h"
#include "sim/machine/cache/record_lru.h"
#include "sim/machine/cache/segment_lru.h"
#include "sim/machine/cache/stack_distance.h"
#include "tests/support/event_log.h"
#include "tests/support/random_accesses.h"
#include "tests/support/reference_cache.h"

namespace attnsim::machine {
namespace {

using Trace = std::vector<RectAccess>;

constexpr std::uint16_t kTags = 4;

struct Outcome {
  std::vector<CacheCounts> counts;
  std::vector<test::Event> events;
  bool operator==(const Outcome&) const = default;
};

std::vector<test::Event> sorted(std::vector<test::Event> events) {
  std::ranges::stable_sort(events, {}, &test::Event::write_back);
  return events;
}

Outcome expected(const Trace& trace, const LruOptions& options, bool ordered) {
  test::ReferenceCache cache(1, options.capacity, options.fetch_covered);
  for (const RectAccess& rect : trace) {
    LineAccess row = rect.row;
    for (std::uint64_t i = 0; i < rect.rows; ++i, row.lines.first += rect.stride) {
      cache.access(row);
    }
  }
  cache.finish();
  Outcome out;
  for (std::uint16_t tag = 0; tag < kTags; ++tag) out.counts.push_back(cache.counts[tag]);
  out.events = ordered ? cache.events : sorted(cache.events);
  return out;
}

Outcome outcome(const Trace& trace, CacheModel& cache, const test::EventLog& log) {
  for (const RectAccess& rect : trace) {
    if (rect.rows == 1) {
      cache.access(rect.row);
    } else {
      cache.access(rect);
    }
  }
  cache.finish();
  Outcome out;
  for (std::uint16_t tag = 0; tag < kTags; ++tag) out.counts.push_back(cache.counts(tag));
  out.events = log.ordered() ? log.events : sorted(log.events);
  return out;
}

/// The names of the models that differ from the textbook; none is right.
std::string faults(const Trace& trace, const LruOptions& options, bool ordered) {
  const Outcome right = expected(trace, options, ordered);
  std::string out;
  const auto compare = [&](const char* name, auto make) {
    test::EventLog log(ordered);
    auto cache = make(log);
    if (outcome(trace, cache, log) != right) out += std::string(name) + " ";
  };
  compare("BlockLru", [&](auto& log) { return BlockLru(options, &log); });
  compare("RecordLru", [&](auto& log) { return RecordLru(options, &log); });
  compare("LineLru", [&](auto& log) { return LineLru(options, &log); });
  // One that changes its representation often.
  compare("SegmentLru", [&](auto& log) { return SegmentLru(options, &log, 60); });
  return out;
}

/// Of a line-by-line stack: how many other lines lie between two uses of a line.
std::vector<std::uint64_t> reuse_steps(const Trace& trace) {
  std::vector<std::uint64_t> stack;
  std::vector<std::uint64_t> steps;
  for (const RectAccess& rect : trace) {
    for (std::uint64_t r = 0; r < rect.rows; ++r) {
      for (std::uint64_t i = 0; i < rect.row.lines.count; ++i) {
        const std::uint64_t line = rect.row.lines.first + r * rect.stride + i;
        const auto it = std::ranges::find(stack, line);
        if (it != stack.end()) {
          steps.push_back(static_cast<std::uint64_t>(it - stack.begin()) + 1);
          stack.erase(it);
        }
        stack.insert(stack.begin(), line);
      }
    }
  }
  return steps;
}

/// Small ones, any, and both sides of a reuse step.
std::vector<std::uint64_t> capacities(const Trace& trace, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint64_t> out = {1 + random() % 4, 1 + random() % 256};
  const std::vector<std::uint64_t> steps = reuse_steps(trace);
  for (int i = 0; i < 2 && !steps.empty(); ++i) {
    const std::uint64_t step = steps[random() % steps.size()];
    out.insert(out.end(), {step, std::max<std::uint64_t>(step, 2) - 1});
  }
  return out;
}

TEST(LruProperty, ModelsEqualTheTextbookOnRandomTraces) {
  constexpr std::uint64_t kTraces = 4000;
  for (std::uint64_t seed = 0; seed < kTraces; ++seed) {
    const Trace trace = test::random_trace(seed);
    for (const std::uint64_t capacity : capacities(trace, seed)) {
      const LruOptions options{.capacity = capacity, .fetch_covered = seed % 3 == 0};
      ASSERT_EQ(faults(trace, options, seed % 2 == 0), "")
          << "seed " << seed << " capacity " << capacity;
    }
  }
}

CurvePoint simulated(const Trace& trace, const LruOptions& options) {
  BlockLru cache(options);
  for (const RectAccess& rect : trace) cache.access(rect);
  cache.finish();
  CacheCounts sum;
  for (std::uint16_t tag = 0; tag < kTags; ++tag) sum += cache.counts(tag);
  return {options.capacity, sum.read_misses, sum.write_misses,
          sum.fills,        sum.write_backs, sum.final_dirty};
}

TEST(LruProperty, TheCurveIsTheCacheAtEveryCapacity) {
  constexpr std::uint64_t kTraces = 300;
  for (std::uint64_t seed = 0; seed < kTraces; ++seed) {
    const Trace trace = test::random_trace(seed);
    const bool fetch_covered = seed % 3 == 0;
    StackDistance stack(fetch_covered);
    for (const RectAccess& rect : trace) stack.access(rect);
    const MissCurve curve = stack.curve();
    for (std::uint64_t capacity = 1; capacity <= curve.cold() + 2; ++capacity) {
      ASSERT_TRUE(curve.at(capacity) == simulated(trace, {capacity, fetch_covered}))
          << "seed " << seed << " capacity " << capacity;
    }
  }
}

TEST(LruProperty, ModelsEqualTheTextbookAndShrinkWhereTheyDoNot) {
  setenv("RC_PARAMS", "seed=20240607 max_success=1000", 0);
  EXPECT_TRUE(rc::check([](const std::vector<std::uint16_t>& words, std::uint8_t capacity) {
    Trace trace;
    for (const std::uint16_t word : words) trace.push_back(test::random_access(word));
    RC_ASSERT(faults(trace, {.capacity = capacity + std::uint64_t{1}}, true).empty());
    RC_ASSERT(faults(trace, {.capacity = capacity + std::uint64_t{1}}, false).empty());
  }));
}

}  // namespace
}  // namespace attnsim::machine
