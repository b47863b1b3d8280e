// CacheTree against two levels of lists written by hand, for every kind of inclusion.
#include "sim/machine/cache/cache_tree.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <list>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/core/error.h"
#include "tests/support/random_line_accesses.h"

namespace attnsim::test {
namespace {

using machine::CacheCounts;
using machine::CacheTree;
using machine::Inclusion;
using machine::LineAccess;
using machine::MemoryCounts;
using machine::SetCacheConfig;

[[maybe_unused]] const bool many_cases = [] {
  setenv("RC_PARAMS", "seed=20240607 max_success=5000", 0);
  return true;
}();

struct Line {
  std::uint64_t number;
  std::uint16_t tag;
  bool dirty;
};

/// LRU sets, newest first.
struct ListCache {
  std::size_t sets, ways;
  std::map<std::uint64_t, std::list<Line>> lines{};
  std::map<std::uint16_t, CacheCounts> counts{};

  std::list<Line>& set_of(std::uint64_t number) { return lines[number % sets]; }
  bool holds(std::uint64_t number) {
    return std::ranges::count(set_of(number), number, &Line::number) > 0;
  }
  Line remove(std::uint64_t number) {
    std::list<Line>& set = set_of(number);
    const auto it = std::ranges::find(set, number, &Line::number);
    const Line out = *it;
    set.erase(it);
    return out;
  }
  bool full(std::uint64_t number) { return set_of(number).size() == ways; }
  std::uint64_t oldest(std::uint64_t number) { return set_of(number).back().number; }
};

/// One or two inner caches, one outer cache, a memory; all write-back, fetching every miss.
struct TwoLevels {
  Inclusion inclusion;
  std::array<ListCache, 2> inner;
  ListCache outer;
  std::map<std::uint16_t, MemoryCounts> memory{};

  void write_memory(const Line& line) { memory[line.tag].bytes_written += 64; }

  void drop_from_outer(std::uint64_t number) {
    Line line = outer.remove(number);
    ++outer.counts[line.tag].evictions;
    if (inclusion == Inclusion::inclusive) {
      for (ListCache& cache : inner) {
        if (!cache.holds(number)) continue;
        const bool dirty = cache.remove(number).dirty;
        ++cache.counts[line.tag].evictions;
        if (dirty) ++cache.counts[line.tag].write_backs;
        line.dirty |= dirty;
      }
    }
    if (line.dirty) {
      ++outer.counts[line.tag].write_backs;
      write_memory(line);
    }
  }

  void put_into_outer(Line line) {
    if (outer.holds(line.number)) {
      line.dirty |= outer.remove(line.number).dirty;
    } else if (outer.full(line.number)) {
      drop_from_outer(outer.oldest(line.number));
    }
    outer.set_of(line.number).push_front(line);
  }

  /// An ordinary access of the outer cache.
  void use_outer(std::uint64_t number, std::uint16_t tag, bool write) {
    CacheCounts& n = outer.counts[tag];
    ++n.accesses;
    Line line{number, tag, write};
    if (outer.holds(number)) {
      ++n.hits;
    } else {
      ++n.misses, ++(write ? n.write_misses : n.read_misses);
    }
    const bool fetched = !outer.holds(number) && !write;
    put_into_outer(line);
    if (fetched) ++n.fills, memory[tag].bytes_read += 64;
  }

  /// What an inner miss reads; true: it comes dirty.
  bool fetch(std::uint64_t number, std::uint16_t tag) {
    if (inclusion != Inclusion::exclusive) {
      use_outer(number, tag, false);
      return false;
    }
    CacheCounts& n = outer.counts[tag];
    ++n.accesses;
    if (outer.holds(number)) return ++n.hits, outer.remove(number).dirty;
    ++n.misses, ++n.read_misses, ++n.fills;
    memory[tag].bytes_read += 64;
    return false;
  }

  void leave_inner(ListCache& cache, std::uint64_t number) {
    const Line line = cache.remove(number);
    CacheCounts& n = cache.counts[line.tag];
    ++n.evictions;
    if (line.dirty) ++n.write_backs;
    if (inclusion == Inclusion::exclusive) {
      put_into_outer(line);
    } else if (line.dirty) {
      use_outer(line.number, line.tag, true);
    }
  }

  void access(ListCache& cache, std::uint64_t number, std::uint16_t tag, bool write) {
    CacheCounts& n = cache.counts[tag];
    ++n.accesses;
    if (cache.holds(number)) {
      ++n.hits;
      Line line = cache.remove(number);
      line.dirty |= write;
      cache.set_of(number).push_front(line);
      return;
    }
    ++n.misses, ++n.fills, ++(write ? n.write_misses : n.read_misses);
    if (cache.full(number)) leave_inner(cache, cache.oldest(number));
    cache.set_of(number).push_front({number, tag, write});
    if (fetch(number, tag)) cache.set_of(number).front().dirty = true;
  }
};

CacheCounts plain(CacheCounts counts) {
  counts.cold = counts.capacity = counts.conflict = 0;
  return counts;
}

void expect_two_levels(Inclusion inclusion) {
  const auto size = [](const char* what) {
    return *rc::gen::inRange<std::uint32_t>(1, 7).as(what);
  };
  SetCacheConfig inner{.sets = size("inner sets"), .ways = size("inner ways")};
  inner.fetch_covered_writes = true;
  const SetCacheConfig outer{.sets = size("outer sets"), .ways = 2 * size("outer ways")};
  CacheTree tree(64);
  const CacheTree::Node memory = tree.add_memory("hbm");
  const CacheTree::Node l2 = tree.add_cache("l2", memory, outer, inclusion);
  const std::array<CacheTree::Node, 2> l1{tree.add_cache("l1a", l2, inner),
                                          tree.add_cache("l1b", l2, inner)};
  TwoLevels lists{inclusion,
                  {ListCache{inner.sets, inner.ways}, ListCache{inner.sets, inner.ways}},
                  ListCache{outer.sets, outer.ways}};
  // Exclusive lines lie in one place, so there one inner cache is used.
  const bool two = inclusion != Inclusion::exclusive;
  for (const LineAccess& a : *random_accesses(24)) {
    const std::size_t side = two ? a.lines.first / 3 % 2 : 0;
    tree.access(l1[side], a);
    for (std::uint64_t i = 0; i < a.lines.count; ++i) {
      lists.access(lists.inner[side], a.lines.first + i, a.tag, a.write);
    }
  }
  for (std::uint16_t tag = 0; tag < kArrays; ++tag) {
    RC_ASSERT(plain(tree.counts(l1[0], tag)) == lists.inner[0].counts[tag]);
    RC_ASSERT(plain(tree.counts(l1[1], tag)) == lists.inner[1].counts[tag]);
    RC_ASSERT(plain(tree.counts(l2, tag)) == lists.outer.counts[tag]);
    RC_ASSERT(tree.memory_counts(memory, tag) == lists.memory[tag]);
  }
}

RC_GTEST_PROP(CacheTree, Neither, ()) { expect_two_levels(Inclusion::neither); }
RC_GTEST_PROP(CacheTree, Inclusive, ()) { expect_two_levels(Inclusion::inclusive); }
RC_GTEST_PROP(CacheTree, Exclusive, ()) { expect_two_levels(Inclusion::exclusive); }

TEST(CacheTreeTies, RefuseWhatCannotKeepThem) {
  CacheTree tree(64);
  const CacheTree::Node memory = tree.add_memory("hbm");
  const SetCacheConfig shape{.sets = 4, .ways = 2};
  const CacheTree::Node l2 = tree.add_cache("l2", memory, shape, Inclusion::inclusive);
  EXPECT_THROW(tree.add_cache("l1", l2, shape), UserError) << "covered writes would not be in l2";
  EXPECT_THROW(tree.add_cache("bad", memory, SetCacheConfig{.sets = 0}), UserError);
}

}  // namespace
}  // namespace attnsim::test
