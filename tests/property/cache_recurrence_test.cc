// Leaving out copies from a run through caches changes no count, whatever the run and the caches.
#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/core/two_level.h"
#include "sim/replay/replay.h"

namespace attnsim::replay {
namespace {

/// Few tasks in flight and caches of a few heads, so that states recur within a short run.
MachineSpec small_gpu() {
  MachineSpec machine = two_level_machine(1 << 20);
  machine.uniform_words = false;
  machine.cores = *rc::gen::element<std::int64_t>(1, 1, 2, 3);
  machine.memories[0].capacity =
      Capacity{static_cast<std::uint64_t>(*rc::gen::inRange(8, 65)) << 10U};
  MemorySpec l2{.name = "l2", .kind = MemoryKind::cache, .parent = "hbm"};
  l2.line = 64;
  const bool fully = *rc::gen::arbitrary<bool>();
  l2.capacity = Capacity{static_cast<std::uint64_t>(*rc::gen::inRange(1, 33)) << 12U};
  l2.cache.policy =
      fully ? *rc::gen::element<std::string>("lru", "lru", "fifo")
            : *rc::gen::element<std::string>("lru", "fifo", "tree_plru", "srrip", "random");
  if (!fully) {
    l2.ways = *rc::gen::element<std::int64_t>(2, 4, 8);
    if (*rc::gen::arbitrary<bool>()) l2.sector = 32;
  }
  machine.memories[0].parent = "l2";
  machine.memories.insert(machine.memories.begin() + 1, l2);
  if (!l2.sector && *rc::gen::inRange(0, 4) == 0) {
    MemorySpec l1{.name = "l1", .kind = MemoryKind::cache, .per_core = true, .parent = "l2"};
    l1.line = 64;
    l1.capacity = Capacity{2048};
    l1.cache.policy = "lru";
    machine.memories[0].parent = "l1";
    machine.memories.insert(machine.memories.begin() + 1, l1);
  }
  return machine;
}

RunSpec random_run() {
  RunSpec run;
  run.machine = small_gpu();
  Workload& w = run.workload;
  w.kv_heads = *rc::gen::inRange<std::int64_t>(1, 40);
  w.heads = w.kv_heads * *rc::gen::element<std::int64_t>(1, 1, 2, 3);
  w.batch = *rc::gen::element<std::int64_t>(1, 1, 2);
  w.seqlen_q = *rc::gen::element<std::int64_t>(16, 32, 64, 100, 512);
  w.seqlen_kv = *rc::gen::element<std::int64_t>(16, 32, 64, 100);
  w.head_dim = w.head_dim_v = *rc::gen::element<std::int64_t>(16, 32, 40);
  w.causal = *rc::gen::arbitrary<bool>();
  run.algorithm.name =
      *rc::gen::element<std::string>("flash_attention_1", "flash_attention_2", "standard");
  const bool standard = run.algorithm.name == "standard";
  run.algorithm.tiles = {TileRule::explicit_sizes,
                         {{standard ? "b" : "Br", *rc::gen::element<std::int64_t>(8, 16, 32)},
                          {standard ? "bk" : "Bc", *rc::gen::element<std::int64_t>(8, 16, 32)}}};
  if (run.algorithm.name == "flash_attention_2") {
    run.algorithm.params.set("pack_gqa", *rc::gen::arbitrary<bool>());
  }
  return run;
}

void expect_equal(const CacheRow& a, const CacheRow& b) {
  RC_ASSERT(a.tensor == b.tensor);
  RC_ASSERT(a.accesses == b.accesses);
  RC_ASSERT(a.hits == b.hits);
  RC_ASSERT(a.read_misses == b.read_misses);
  RC_ASSERT(a.write_misses == b.write_misses);
  RC_ASSERT(a.cold == b.cold);
  RC_ASSERT(a.capacity == b.capacity);
  RC_ASSERT(a.fills == b.fills);
  RC_ASSERT(a.evictions == b.evictions);
  RC_ASSERT(a.write_backs == b.write_backs);
  RC_ASSERT(a.final_dirty == b.final_dirty);
}

// The seed is fixed unless RC_PARAMS of the environment says otherwise.
[[maybe_unused]] const bool seeded = [] {
  setenv("RC_PARAMS", "seed=20240607 max_success=1000", 0);
  return true;
}();

RC_GTEST_PROP(CacheRecurrence, ChangesNoCount, ()) {
  const PlannedRun planned(random_run());
  const Result fast = replay(planned);
  const Result all = replay(planned, nullptr, Repetition::replay_all);
  RC_ASSERT(fast.caches.size() == all.caches.size());
  for (std::size_t i = 0; i < all.caches.size(); ++i) expect_equal(fast.caches[i], all.caches[i]);
  for (std::size_t i = 0; i < all.io.size(); ++i) {
    RC_ASSERT(fast.io[i].read_bytes == all.io[i].read_bytes);
    RC_ASSERT(fast.io[i].write_bytes == all.io[i].write_bytes);
  }
}

}  // namespace
}  // namespace attnsim::replay
