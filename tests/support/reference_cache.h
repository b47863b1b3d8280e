// An LRU cache as a textbook has it: lines in a list per set, one at a time. Slow and obvious;
// shares no code with the models that are compared with it.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <set>
#include <vector>

#include "sim/machine/cache/cache.h"

namespace attnsim::test {

/// One line fetched or written back.
struct Event {
  bool write_back;
  std::uint64_t line;
  std::uint16_t tag;
  bool operator==(const Event&) const = default;
};

/// `sets` of `ways` lines; one set is fully associative. Set index = line mod sets.
class ReferenceCache {
 public:
  ReferenceCache(std::uint64_t sets, std::uint64_t ways, bool fetch_covered = false)
      : sets_(sets), ways_(ways), fetch_covered_(fetch_covered) {}

  void access(const machine::LineAccess& a) {
    for (std::uint64_t i = 0; i < a.lines.count; ++i) touch(a.lines.first + i, a);
  }
  void finish() {
    std::map<std::uint64_t, Line> dirty;
    for (auto& set : sets_) {
      for (const Line& line : set) {
        if (line.dirty) dirty[line.number] = line;
      }
    }
    for (const auto& [number, line] : dirty) {
      ++counts[line.tag].final_dirty;
      events.push_back({true, number, line.tag});
    }
  }

  std::map<std::uint16_t, machine::CacheCounts> counts;  // by tag
  std::vector<Event> events;

 private:
  struct Line {
    std::uint64_t number = 0;
    std::uint16_t tag = 0;
    bool dirty = false;
  };

  void touch(std::uint64_t number, const machine::LineAccess& a) {
    std::list<Line>& set = sets_[number % sets_.size()];  // most recently used first
    machine::CacheCounts& c = counts[a.tag];
    ++c.accesses;
    for (auto it = set.begin(); it != set.end(); ++it) {
      if (it->number != number) continue;
      ++c.hits;
      it->dirty |= a.write;
      set.splice(set.begin(), set, it);
      return;
    }
    ++c.misses;
    ++(a.write ? c.write_misses : c.read_misses);
    ++(touched_.insert(number).second ? c.cold : c.capacity);
    if (set.size() == ways_) {
      const Line victim = set.back();
      set.pop_back();
      ++counts[victim.tag].evictions;
      if (victim.dirty) {
        ++counts[victim.tag].write_backs;
        events.push_back({true, victim.number, victim.tag});
      }
    }
    if (!a.write || !a.covers_lines || fetch_covered_) {
      ++c.fills;
      events.push_back({false, number, a.tag});
    }
    set.push_front({number, a.tag, a.write});
  }

  std::vector<std::list<Line>> sets_;
  std::uint64_t ways_;
  bool fetch_covered_;
  std::set<std::uint64_t> touched_;
};

}  // namespace attnsim::test
