// What every registered replacement policy keeps, whatever the shape of the cache. A new policy is
// tested here without an edit.
#include <map>
#include <memory>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/machine/cache/opt_cache.h"
#include "sim/machine/cache/replacement.h"
#include "sim/machine/cache/set_cache.h"
#include "tests/support/downstream_log.h"
#include "tests/support/streams.h"

namespace attnsim::test {
namespace {

using machine::CacheCounts;
using machine::CacheModel;
using machine::IndexKind;
using machine::LineAccess;

constexpr std::uint16_t kTags = 3;

struct Shape {
  std::uint32_t sets, ways;
  IndexKind index = IndexKind::modulo;
};

const std::vector<Shape>& shapes() {
  static const std::vector<Shape> all = {{1, 1},
                                         {1, 7},
                                         {7, 1},
                                         {16, 8},
                                         {3, 24},
                                         {256, 3},
                                         {1, 100},
                                         {5, 40},
                                         {16, 4, IndexKind::hashed},
                                         {16, 4, IndexKind::sliced}};
  return all;
}

std::vector<std::string> policies() {
  std::vector<std::string> names;
  for (const machine::PolicyLine& line : machine::policy_catalogue()) names.push_back(line.name);
  return names;
}

std::uint32_t slices_of(const Shape& shape) { return shape.index == IndexKind::sliced ? 4 : 1; }

std::unique_ptr<CacheModel> make(const std::string& policy, const Shape& shape,
                                 machine::Downstream& below) {
  if (machine::policy_info(policy).make == nullptr) {
    return std::make_unique<machine::OptCache>(machine::OptConfig{.sets = shape.sets,
                                                                  .ways = shape.ways,
                                                                  .index = shape.index,
                                                                  .slices = slices_of(shape)},
                                               below);
  }
  machine::SetCacheConfig config;
  config.sets = shape.sets;
  config.ways = shape.ways;
  config.policy = policy;
  config.seed = 7;
  config.index = shape.index;
  config.slices = slices_of(shape);
  return std::make_unique<machine::SetCache>(config, below);
}

/// Runs over three arrays that meet again soon or late.
Stream mixed(std::uint32_t seed) {
  std::mt19937 random(seed);
  Stream out;
  for (int i = 0; i < 400; ++i) {
    const auto tag = static_cast<std::uint16_t>(random() % kTags);
    const std::uint64_t first = random() % 300;
    const std::uint64_t count = 1 + random() % std::min<std::uint64_t>(300 - first, 60);
    out.push_back({.lines = {tag * 300 + first, count}, .write = random() % 3 == 0, .tag = tag});
  }
  return out;
}

struct Outcome {
  CacheCounts total{};
  std::vector<CacheCounts> by_tag{};
  std::vector<BelowEvent> events{};
  bool operator==(const Outcome&) const = default;
};

Outcome outcome_of(const std::string& policy, const Shape& shape, const Stream& stream) {
  DownstreamLog below;
  const std::unique_ptr<CacheModel> cache = make(policy, shape, below);
  for (const LineAccess& a : stream) cache->access(a);
  cache->finish();
  Outcome out;
  for (std::uint16_t tag = 0; tag < kTags; ++tag) {
    out.by_tag.push_back(cache->counts(tag));
    out.total += out.by_tag.back();
  }
  out.events = below.events;
  const std::size_t events = below.events.size();
  cache->finish();
  EXPECT_EQ(below.events.size(), events) << "a second finish moves nothing";
  return out;
}

std::uint64_t distinct_lines(const Stream& stream) {
  std::set<std::uint64_t> lines;
  for (const LineAccess& a : stream) {
    for (std::uint64_t i = 0; i < a.lines.count; ++i) lines.insert(a.lines.first + i);
  }
  return lines.size();
}

class EveryPolicy : public testing::TestWithParam<std::string> {};

TEST_P(EveryPolicy, CountsAddUp) {
  const Stream stream = mixed(1);
  for (const Shape& shape : shapes()) {
    SCOPED_TRACE(std::to_string(shape.sets) + " sets of " + std::to_string(shape.ways));
    const Outcome outcome = outcome_of(GetParam(), shape, stream);
    const CacheCounts& n = outcome.total;
    EXPECT_EQ(n.accesses, lines_of(stream));
    EXPECT_EQ(n.hits + n.misses, n.accesses);
    EXPECT_EQ(n.read_misses + n.write_misses, n.misses);
    EXPECT_EQ(n.cold + n.capacity + n.conflict, n.misses);
    EXPECT_EQ(n.cold, distinct_lines(stream));
    EXPECT_EQ(n.fills, n.read_misses) << "writes cover their lines";
    EXPECT_LE(n.misses - n.evictions, std::uint64_t{shape.sets} * shape.ways) << "lines resident";
    EXPECT_LE(n.write_backs, n.evictions);
    const auto written =
        static_cast<std::uint64_t>(std::ranges::count(outcome.events, 'W', &BelowEvent::what));
    EXPECT_EQ(written, n.write_backs + n.final_dirty);
    EXPECT_EQ(outcome.events.size() - written, n.fills);
  }
}

TEST_P(EveryPolicy, IsDeterministic) {
  for (const Shape& shape : shapes()) {
    EXPECT_EQ(outcome_of(GetParam(), shape, mixed(2)), outcome_of(GetParam(), shape, mixed(2)));
  }
}

TEST_P(EveryPolicy, IsNeverBetterThanOpt) {
  for (const std::uint32_t seed : {3U, 4U, 5U}) {
    for (const Shape& shape : shapes()) {
      const Stream stream = mixed(seed);
      EXPECT_GE(outcome_of(GetParam(), shape, stream).total.misses,
                outcome_of("opt", shape, stream).total.misses);
    }
  }
}

TEST_P(EveryPolicy, MissesOnlyColdWhenAllFits) {
  const Stream stream = mixed(6);
  EXPECT_EQ(outcome_of(GetParam(), {1, 900}, stream).total.misses, distinct_lines(stream));
  EXPECT_EQ(outcome_of(GetParam(), {90, 10}, stream).total.misses, distinct_lines(stream));
  EXPECT_EQ(outcome_of(GetParam(), {900, 1}, stream).total.misses, distinct_lines(stream));
}

TEST_P(EveryPolicy, LeavesNoChoiceInADirectMappedCache) {
  for (const std::uint32_t sets : {1U, 7U, 64U}) {
    EXPECT_EQ(outcome_of(GetParam(), {sets, 1}, mixed(7)), outcome_of("lru", {sets, 1}, mixed(7)));
  }
}

TEST_P(EveryPolicy, SaysWhatItIs) {
  EXPECT_NE(std::string(machine::policy_info(GetParam()).summary), "");
}

INSTANTIATE_TEST_SUITE_P(Policies, EveryPolicy, testing::ValuesIn(policies()),
                         [](const auto& one) { return one.param; });

TEST(Policies, AreThere) {
  EXPECT_EQ(policies(),
            (std::vector<std::string>{"fifo", "lru", "opt", "random", "srrip", "tree_plru"}));
  EXPECT_THROW(machine::policy_info("lur"), UserError);
  EXPECT_THROW(machine::make_policy("opt", {}), UserError);
}

TEST(Policies, MoreWaysNeverHurtLruAndOpt) {
  for (const char* policy : {"lru", "opt"}) {
    for (const std::uint32_t sets : {1U, 5U}) {
      std::uint64_t last = ~std::uint64_t{0};
      for (std::uint32_t ways = 1; ways <= 128; ways += 3) {
        const std::uint64_t misses = outcome_of(policy, {sets, ways}, mixed(8)).total.misses;
        EXPECT_LE(misses, last) << policy << " " << sets << " x " << ways;
        last = misses;
      }
    }
  }
}

/// The victims of one set of four ways after it is filled, one use of `hit`, and refills.
std::vector<std::uint32_t> victims(const std::string& name, std::uint32_t hit, int count) {
  const auto policy = machine::make_policy(name, {.sets = 1, .ways = 4});
  for (std::uint32_t way = 0; way < 4; ++way) policy->fill(0, way);
  policy->hit(0, hit);
  std::vector<std::uint32_t> out;
  for (int i = 0; i < count; ++i) {
    out.push_back(policy->victim(0));
    policy->fill(0, out.back());
  }
  return out;
}

TEST(Policies, ChooseWhatTheirDefinitionsSay) {
  using Ways = std::vector<std::uint32_t>;
  EXPECT_EQ(victims("lru", 0, 5), (Ways{1, 2, 3, 0, 1}));
  EXPECT_EQ(victims("fifo", 0, 5), (Ways{0, 1, 2, 3, 0}));
  // Bits after the hit: root right, left pair right, right pair left.
  EXPECT_EQ(victims("tree_plru", 0, 5), (Ways{2, 1, 3, 0, 2}));
  // After the hit: 0 2 2 2. Aging makes ways 1 to 3 distant, way 0 goes after three more agings.
  EXPECT_EQ(victims("srrip", 0, 5), (Ways{1, 2, 3, 1, 2}));
}

}  // namespace
}  // namespace attnsim::test
