// Laws of the lower bounds on random workloads.
#include "analysis/bounds/bounds.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "sim/core/two_level.h"

namespace attnsim::bounds {
namespace {

Workload any_workload() {
  Workload w;
  w.batch = *rc::gen::inRange(1, 4);
  w.kv_heads = *rc::gen::inRange(1, 4);
  w.heads = w.kv_heads * *rc::gen::inRange(1, 4);
  w.seqlen_q = *rc::gen::inRange(1, 3000);
  w.seqlen_kv = *rc::gen::inRange(1, 3000);
  w.head_dim = *rc::gen::inRange(1, 130);
  w.head_dim_v = *rc::gen::inRange(1, 130);
  w.causal = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) w.window_left = *rc::gen::inRange(0, 500);
  w.pass = *rc::gen::element(Pass::forward, Pass::backward, Pass::forward_backward);
  return w;
}

std::vector<BoundRow> lower(const Workload& w, std::uint64_t m) {
  std::vector<BoundRow> rows = bounds(w, two_level_machine(m));
  std::erase_if(rows, [](const BoundRow& r) { return r.kind != "lower" || !r.rigorous; });
  return rows;
}

bool holds(bool (*law)()) {
  setenv("RC_PARAMS", "seed=20240607 max_success=300", 0);
  return rc::check("", [law] { RC_ASSERT(law()); });
}

TEST(BoundsProperty, NeverGrowWithTheMemory) {
  EXPECT_TRUE(holds([] {
    const Workload w = any_workload();
    const std::uint64_t m = *rc::gen::inRange<std::uint64_t>(1, 200000);
    const std::vector<BoundRow> small = lower(w, m);
    const std::vector<BoundRow> large = lower(w, m + *rc::gen::inRange<std::uint64_t>(1, 20000));
    return std::equal(small.begin(), small.end(), large.begin(), large.end(),
                      [](const BoundRow& a, const BoundRow& b) { return a.words >= b.words; });
  }));
}

TEST(BoundsProperty, AreNeverBelowTheCompulsoryTraffic) {
  EXPECT_TRUE(holds([] {
    const std::vector<BoundRow> rows = lower(any_workload(), *rc::gen::inRange(1, 200000));
    return std::all_of(rows.begin(), rows.end(),
                       [&](const BoundRow& r) { return r.words >= rows.front().words; });
  }));
}

TEST(BoundsProperty, NeverGrowWithTheClass) {
  // A bound for a wider class is no larger, as arguments go: any products, then standard products,
  // then scores formed once.
  EXPECT_TRUE(holds([] {
    const Workload w = any_workload();
    const std::vector<BoundRow> rows = lower(w, *rc::gen::inRange(1, 200000));
    const auto words = [&](const char* id) {
      return std::find_if(rows.begin(), rows.end(), [&](const auto& r) { return r.id == id; })
          ->words;
    };
    if (w.pass == Pass::forward)
      return words("LB5") <= words("LB1") && words("LB1") <= words("LB2");
    if (w.pass == Pass::backward) return words("LB5") <= words("LB3-rec");
    return words("LB1+LB3-rec") <= words("LB2+LB3-rec");
  }));
}

TEST(BoundsProperty, NeverExceedAKnownAlgorithm) {
  EXPECT_TRUE(holds([] {
    Workload w = any_workload();
    w.pass = Pass::forward;
    const std::vector<BoundRow> rows =
        bounds(w, two_level_machine(*rc::gen::inRange<std::uint64_t>(5, 100000)));
    double best = HUGE_VAL;
    double bound = 0;
    for (const BoundRow& r : rows) {
      if (!r.rigorous || !r.applies) continue;
      if (r.kind == "upper") best = std::min(best, r.words);
      if (r.kind == "lower") bound = std::max(bound, r.words);
    }
    return bound <= best;
  }));
}

}  // namespace
}  // namespace attnsim::bounds
