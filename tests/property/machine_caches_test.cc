// Rectangles of bytes through the caches of a machine: what row by row and line by line gives.
#include "sim/machine/machine_caches.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/machine/cache_factory.h"
#include "sim/machine/line_span.h"
#include "tests/support/machines.h"

namespace attnsim::machine {
namespace {

struct Access {
  ByteRect bytes;
  bool write;
  std::uint16_t tag;
  std::int64_t core;
};

/// Narrow tiles of tensors of few columns, aligned or not; tag t stays in its own 64 KiB.
Access random_access() {
  constexpr std::uint64_t kTensor = 64 << 10;
  Access a{};
  a.tag = *rc::gen::inRange<std::uint16_t>(0, 3);
  a.write = *rc::gen::arbitrary<bool>();
  a.core = *rc::gen::inRange<std::int64_t>(0, 3);
  const std::uint64_t grain = *rc::gen::elementOf(std::vector<std::uint64_t>{2, 32, 128});
  a.bytes.pitch = grain * *rc::gen::inRange<std::uint64_t>(1, 12);
  a.bytes.rows = *rc::gen::inRange<std::uint64_t>(1, 20);
  a.bytes.row_bytes = *rc::gen::inRange<std::uint64_t>(1, a.bytes.pitch + 1);
  a.bytes.address = a.tag * kTensor + grain * *rc::gen::inRange<std::uint64_t>(0, 100);
  return a;
}

MemorySpec random_cache(const std::string& name, bool per_core) {
  MemorySpec cache =
      test::lru_cache(name, *rc::gen::elementOf(std::vector<std::uint64_t>{16, 64}), per_core);
  cache.cache.policy =
      *rc::gen::elementOf(std::vector<std::string>{"lru", "fifo", "tree_plru", "srrip"});
  cache.ways = 4;
  cache.sector = 32;
  cache.cache.write_through = *rc::gen::arbitrary<bool>();
  cache.cache.write_allocate = *rc::gen::arbitrary<bool>();
  cache.cache.fetch_covered = *rc::gen::arbitrary<bool>();
  if (*rc::gen::arbitrary<bool>()) cache.cache.index = CacheIndex::hash;
  return cache;
}

RC_GTEST_PROP(MachineCaches, ARectangleIsItsLines, ()) {
  constexpr std::int64_t kCores = 2;
  const bool fully = *rc::gen::arbitrary<bool>();
  const MachineSpec machine =
      fully
          ? test::machine_with({test::lru_cache("l1", 24, true), test::lru_cache("l2", 60)}, kCores)
          : test::machine_with({random_cache("l1", true), random_cache("l2", false)}, kCores);
  MachineCaches caches(machine, 16, 7, kCores);

  CacheTree tree(caches.unit());
  const auto memory = tree.add_memory("hbm");
  const auto l2 = add_cache(tree, memory, machine.memories[2].cache_spec(16), 7);
  const CacheTree::Node l1[kCores] = {add_cache(tree, l2, machine.memories[1].cache_spec(16), 7),
                                      add_cache(tree, l2, machine.memories[1].cache_spec(16), 8)};

  for (int i = *rc::gen::inRange(1, 60); i > 0; --i) {
    const Access a = random_access();
    caches.access(1, a.core, a.bytes, {.write = a.write}, a.tag);
    for (std::uint64_t row = 0; row < a.bytes.rows; ++row) {
      const LineSpan span =
          span_of(a.bytes.address + row * a.bytes.pitch, a.bytes.row_bytes, caches.unit());
      for (std::uint64_t line = 0; line < span.lines.count; ++line) {
        tree.access(l1[a.core % kCores], LineAccess{.lines = {span.lines.first + line, 1},
                                                    .write = a.write,
                                                    .covers_lines = span.covered,
                                                    .tag = a.tag});
      }
    }
  }
  for (std::uint16_t tag = 0; tag < 3; ++tag) {
    CacheCounts both = tree.counts(l1[0], tag);
    both += tree.counts(l1[1], tag);
    RC_ASSERT(caches.counts(1, tag) == both);
    RC_ASSERT(caches.counts(2, tag) == tree.counts(l2, tag));
  }
}

}  // namespace
}  // namespace attnsim::machine
