// The obvious cache, one unit at a time: what every fast model is compared with. Sets are lists of
// lines, newest first; OPT looks for the next use of every line by scanning the trace.
#pragma once

#include <algorithm>
#include <list>
#include <map>
#include <set>
#include <vector>

#include "sim/machine/cache/set_cache.h"
#include "tests/support/downstream_log.h"

namespace attnsim::test {

struct UnitAccess {
  std::uint64_t unit;
  bool write, covers;
  std::uint16_t tag;
};

struct ReferenceLineCache {
  struct Line {
    std::uint64_t number;
    std::uint16_t tag;
    std::set<std::uint64_t> valid{}, dirty{};
  };

  machine::SetCacheConfig c;        // policy: lru, fifo or opt
  std::vector<UnitAccess> trace{};  // opt: all of it
  DownstreamLog below{};
  std::map<std::uint16_t, machine::CacheCounts> counts{};
  std::map<std::uint32_t, std::list<Line>> sets{};

  /// Uses of the line after `now` come first at this time; lines never used again, oldest last use
  /// first, are farther than all.
  std::uint64_t distance(std::uint64_t line, std::size_t now) const {
    for (std::size_t t = now + 1; t < trace.size(); ++t)
      if (trace[t].unit / c.sectors == line) return t;
    for (std::size_t t = now;; --t)
      if (trace[t].unit / c.sectors == line) return 2 * trace.size() - t;
  }
  void write_below(std::uint64_t unit, std::uint16_t tag) {
    below.write_back({unit, 1}, tag);
    ++counts[tag].write_backs;
  }
  void evict(std::list<Line>& set, std::size_t now) {
    auto out = std::prev(set.end());
    if (c.policy == "opt")
      out =
          std::ranges::max_element(set, {}, [&](const Line& l) { return distance(l.number, now); });
    counts[out->tag].evictions += out->valid.size();
    for (const std::uint64_t unit : out->dirty) write_below(unit, out->tag);
    set.erase(out);
  }
  void access(const UnitAccess& a, std::size_t now = 0) {
    const std::uint64_t number = a.unit / c.sectors;
    std::list<Line>& set = sets[machine::SetIndex(c.index, c.sets, c.slices)(number)];
    auto line = std::ranges::find(set, number, &Line::number);
    const bool hit = line != set.end() && line->valid.contains(a.unit),
               stays = !a.write || c.write_allocate;
    machine::CacheCounts& n = counts[a.tag];
    ++n.accesses, ++(hit ? n.hits : n.misses);
    if (!hit) ++(a.write ? n.write_misses : n.read_misses);
    if (!hit && !stays) return write_below(a.unit, a.tag);
    if (line == set.end() && set.size() == c.ways) evict(set, now);
    if (line == set.end()) line = set.insert(set.begin(), Line{number, a.tag});
    if (c.policy == "lru") set.splice(set.begin(), set, line);
    if (!hit && (!a.write || !a.covers || c.fetch_covered_writes))
      below.fetch({a.unit, 1}, a.tag), ++n.fills;
    line->valid.insert(a.unit);
    if (a.write && c.write_through) write_below(a.unit, a.tag);
    if (a.write && !c.write_through) line->dirty.insert(a.unit);
  }
  void finish() {
    std::map<std::uint64_t, std::uint16_t> dirty;
    for (const auto& [s, set] : sets)
      for (const Line& l : set)
        for (const std::uint64_t u : l.dirty) dirty[u] = l.tag;
    for (const auto& [unit, tag] : dirty)
      below.write_back({unit, 1}, tag), ++counts[tag].final_dirty;
  }
};

}  // namespace attnsim::test
