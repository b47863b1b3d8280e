// The search over loop nests against every nest there is, and its winners against their traces.
#include <algorithm>
#include <cstdint>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analysis/schedules/search.h"
#include "sim/core/two_level.h"
#include "sim/replay/replay.h"
#include "sim/replay/verify.h"

namespace attnsim {
namespace {

using Scores = AttentionNest::Scores;

/// Footprint to the least words of a nest that holds it.
using Frontier = std::map<std::uint64_t, std::uint64_t>;

void add(const NestCosts& costs, const AttentionNest& nest, Frontier& frontier) {
  const AttentionNest effective = costs.effective(nest);
  const std::uint64_t words = costs.words(effective);
  const auto [at, is_new] = frontier.try_emplace(costs.footprint_words(effective), words);
  at->second = std::min(at->second, words);
}

/// Every combination of sizes.
Frontier all_nests(const Workload& w) {
  const NestCosts costs(w);
  Frontier out;
  for (std::int64_t Br = 1; Br <= costs.rows(); ++Br) {
    for (std::int64_t Bc = 1; Bc <= w.seqlen_kv; ++Bc) {
      for (std::int64_t held = 0; held <= w.seqlen_kv; ++held) {
        for (const bool groups : {false, true}) {
          add(costs, {.Br = Br, .Bc = Bc, .held_blocks = held, .key_groups = groups}, out);
        }
      }
    }
    for (std::int64_t depth = 1; depth <= w.head_dim; ++depth) {
      for (std::int64_t cols = 1; cols <= w.head_dim_v; ++cols) {
        AttentionNest nest{.Br = Br, .depth = depth, .out_cols = cols};
        nest.scores = Scores::kept;
        add(costs, nest, out);
        nest.scores = Scores::stored;
        for (nest.Bc = 1; nest.Bc <= w.seqlen_kv; ++nest.Bc) {
          for (nest.q_columns = 0; nest.q_columns <= w.head_dim; ++nest.q_columns) {
            for (nest.out_rows = 1; nest.out_rows <= costs.rows(); ++nest.out_rows) {
              for (nest.out_keys = 1; nest.out_keys <= w.seqlen_kv; ++nest.out_keys) {
                add(costs, nest, out);
              }
            }
          }
        }
      }
    }
  }
  return out;
}

void expect_exact(const Workload& w, const std::string& name) {
  const Frontier frontier = all_nests(w);
  std::uint64_t least = UINT64_MAX;
  std::uint64_t improvements = 0;
  for (std::uint64_t m = 1; m <= frontier.rbegin()->first; ++m) {
    const auto at = frontier.find(m);
    if (at != frontier.end() && at->second < least) {
      least = at->second;
      ++improvements;
    }
    const auto best = schedules::best_nest(w, m);
    ASSERT_EQ(best.has_value(), least != UINT64_MAX) << name << " M " << m;
    if (!best) continue;
    ASSERT_EQ(best->words, least) << name << " M " << m;
    ASSERT_LE(best->footprint, m) << name;
  }
  EXPECT_GT(improvements, 2U) << name;
}

struct Tiny {
  std::int64_t seqlen_q, seqlen_kv, head_dim, head_dim_v;
  std::int64_t group = 1;
  bool causal = false;
  std::optional<std::int64_t> window{};
};

constexpr Tiny kTiny[] = {
    {8, 8, 1, 1},
    {8, 8, 2, 2},
    {8, 8, 3, 3},
    {8, 8, 4, 4},
    {7, 7, 4, 4},
    {5, 7, 3, 2},
    {7, 5, 2, 3},
    {1, 8, 4, 4},
    {8, 1, 4, 4},
    {3, 8, 4, 1},
    {6, 6, 1, 4},
    {8, 3, 4, 2},
    {4, 6, 3, 3, 2},
    {3, 8, 2, 4, 2},
    {8, 8, 2, 2, 1, true},
    {8, 8, 3, 3, 1, true},
    {8, 5, 2, 2, 1, true},
    {5, 8, 3, 2, 1, true},
    {8, 8, 2, 2, 1, true, 2},
    {4, 7, 2, 2, 2, true, 1},
};

TEST(ScheduleSearch, IsExactOverTheFamilyAtEveryMemorySize) {
  static_assert(std::size(kTiny) == 20);
  for (const Tiny& t : kTiny) {
    const Workload w{.heads = t.group,
                     .seqlen_q = t.seqlen_q,
                     .seqlen_kv = t.seqlen_kv,
                     .head_dim = t.head_dim,
                     .head_dim_v = t.head_dim_v,
                     .causal = t.causal,
                     .window_left = t.window};
    expect_exact(w, "seqlen " + std::to_string(t.seqlen_q) + " x " + std::to_string(t.seqlen_kv) +
                        ", head_dim " + std::to_string(t.head_dim) + "/" +
                        std::to_string(t.head_dim_v) + ", group " + std::to_string(t.group) +
                        (t.causal ? ", causal" : ""));
  }
}

/// What the formula says of the winner is what its trace moves and holds, and it computes
/// attention.
RC_GTEST_PROP(ScheduleSearch, WinnersMoveHoldAndComputeWhatTheyShould, ()) {
  const auto any = [](std::int64_t low, std::int64_t high) {
    return *rc::gen::inRange(low, high + 1);
  };
  RunSpec run;
  Workload& w = run.workload;
  w.batch = any(1, 2);
  w.kv_heads = any(1, 2);
  w.heads = w.kv_heads * any(1, 2);
  w.seqlen_q = any(1, 24);
  w.seqlen_kv = any(1, 24);
  w.head_dim = any(1, 12);
  w.head_dim_v = any(1, 12);
  w.dtype = DType::f32;
  w.causal = any(0, 2) == 0;
  const std::int64_t whole = (w.seqlen_q * w.group() + w.seqlen_kv) * (w.head_dim + w.head_dim_v);
  const auto m = static_cast<std::uint64_t>(any(5, 5 + whole));
  const auto best = schedules::best_nest(w, m);
  RC_ASSERT(best.has_value());
  run.machine = two_level_machine(m);
  run.algorithm = choice_of(best->nest);
  const Result result = replay::replay(run);
  RC_ASSERT(result.fits());
  RC_ASSERT(result.io_row("hbm", "total")->words().count == best->words);
  RC_ASSERT(result.footprint_row("sram")->peak_words.count <= best->footprint);
  const VerifyCase verified = replay::verify(run, replay::Arithmetic::exact);
  RC_ASSERT(verified.ok);
}

}  // namespace
}  // namespace attnsim
