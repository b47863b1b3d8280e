// The second pass of OptCache: two replays of recorded uses, by shape of the cache.
#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "sim/machine/cache/opt_cache.h"
#include "sim/machine/cache/outflow.h"
#include "sim/machine/cache/time_set.h"

namespace attnsim::machine {

/// Counts and passes below what both replays do.
class OptLedger {
 public:
  OptLedger(const OptConfig& config, Downstream& below, std::vector<CacheCounts>& counts)
      : fetches_covered_writes_(config.fetch_covered_writes),
        ordered_(below.ordered()),
        below_(&below),
        counts_(counts) {}

  /// How many of `most` victims may leave before the lines that take their places are fetched:
  /// where order is seen, only the first of them may be dirty. Bit i of `dirty` is victim i.
  std::uint64_t leaving_together(std::uint64_t most, std::uint64_t dirty) const;
  bool sees_order() const { return ordered_; }
  void hit(const LineAccess& access, std::uint64_t lines) { counts_[access.tag].hits += lines; }
  void miss(const LineAccess& access, LineRun lines);
  /// Up to 64 lines leave to make room; bit i of `dirty` is line i.
  void evict(LineRun lines, std::uint16_t tag, std::uint64_t dirty);
  /// Dirty lines at the end.
  void settle(std::vector<std::pair<std::uint64_t, std::uint16_t>> dirty);

 private:
  const bool fetches_covered_writes_;
  const bool ordered_;  // what lies below sees order
  Outflow below_;
  std::vector<CacheCounts>& counts_;
};

/// One set of any number of ways.
class OptFullReplay {
 public:
  OptFullReplay(std::uint64_t capacity, RecordedUses& uses, OptLedger& ledger);
  void run();

 private:
  /// Up to 64 lines of an access whose next uses follow each other.
  struct Chunk {
    const LineAccess* access;
    std::uint64_t line, time, next, count;
  };
  /// Resident lines that are not used again.
  struct Dead {
    std::uint64_t line, count, dirty;  // bit i: line + i is dirty
    std::uint16_t tag;
  };

  /// Moves past the chunk.
  void replay(Chunk& chunk);
  /// Makes the first `count` lines of the chunk resident until their next use and moves past them.
  void keep(Chunk& chunk, std::uint64_t count, std::uint64_t dirty);
  void hit(Chunk& chunk, std::uint64_t count);
  /// Whether the next `misses` lines are not used again and push out the oldest dead lines, all
  /// the dead there are, and then each other.
  /// Left out where order is seen: there they go one at a time.
  bool passes_through(const Chunk& chunk, std::uint64_t misses) const;
  void pass_through(Chunk& chunk, std::uint64_t misses);
  /// Room for up to `wanted` lines that miss, at least one; how many.
  std::uint64_t make_room(const Chunk& chunk, std::uint64_t wanted);
  std::uint64_t evict_dead(std::uint64_t wanted);
  std::uint64_t evict_farthest(const Chunk& chunk, std::uint64_t wanted);

  const std::uint64_t capacity_;
  RecordedUses& uses_;
  OptLedger& ledger_;
  TimeSet resident_, dirty_;  // by time of next use
  std::deque<Dead> dead_;     // oldest last use first
  std::uint64_t size_ = 0;    // lines resident
  std::uint64_t dead_lines_ = 0;
};

/// Sets of ways.
class OptSetReplay {
 public:
  OptSetReplay(const OptConfig& config, RecordedUses& uses, OptLedger& ledger);
  void run();

 private:
  struct Way {
    std::uint64_t line = 0;
    std::uint16_t tag = 0;
    bool dirty = false;
  };

  void touch(const LineAccess& access, std::uint64_t line, std::uint64_t now, std::uint64_t next);

  const std::uint64_t ways_;
  SetIndex index_;
  RecordedUses& uses_;
  OptLedger& ledger_;
  /// When the line is used next; never: kNever - 1 - last use, so the oldest is farthest; kNever:
  /// empty, farthest of all.
  std::vector<std::uint64_t> distance_;
  std::vector<Way> lines_;
};

}  // namespace attnsim::machine
