// LRU caches of every capacity in one pass, exact to the last line.
//
// All lines ever used lie on one stack, in order of their last use. The depth of a line is its
// place from the top, counted from 1: an access hits in exactly the caches that hold at least
// `depth` lines (Mattson et al., Evaluation techniques for storage hierarchies, IBM Systems Journal
// 9(2), 1970). The stack is held as blocks (block_list.h): the lines of a block that are used again
// in the same order all have the same depth, so a block costs what a line costs. (Exact curves of
// single-line traces: Bender et al., Increment-and-Freeze, SPAA 2023.)
//
// Written lines. After a write a line is dirty in every cache. It stays so in the caches that hold
// at least `level` lines, the greatest depth at which it was used since the write. When it is next
// used at a greater depth, the caches between level and depth have evicted it dirty once: one
// write-back each. Lines that were written and are not used again are written back by the caches
// that are smaller than their depth at the end, and are final dirty in the others.
//
// Depths are sums over a tree indexed by time of last use. Cost: one sum and up to four additions
// per piece. Memory: what the blocks and their index need.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/machine/cache/block_list.h"
#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/count_tree.h"
#include "sim/machine/cache/miss_curve.h"
#include "sim/machine/cache/sparse_table.h"

namespace attnsim::machine {

class StackDistance {
 public:
  /// `fetch_covered` as in LruOptions; write-back and write-allocate.
  explicit StackDistance(bool fetch_covered = false);

  void access(const LineAccess& access);
  /// Row by row.
  void access(const RectAccess& rect);

  /// Of everything so far, with the cache's dirty lines left in place. O(steps log(steps) +
  /// blocks).
  MissCurve curve() const;

 private:
  static constexpr std::uint64_t kClean = ~std::uint64_t{0};

  /// The line uses of a block are consecutive: line i of it was last used at time + i.
  struct State {
    bool joins(const State& next, std::uint32_t length) const {
      return level == next.level && time + length == next.time;
    }
    State skip(std::uint32_t lines) const { return {time + lines, level}; }

    std::uint64_t time = 0;
    std::uint64_t level = kClean;
  };
  using Blocks = BlockList<State>;

  /// What changes when the capacity reaches `capacity`.
  struct Change {
    explicit Change(std::uint64_t at) : capacity(at) {}
    std::uint64_t capacity;
    std::uint64_t read_hits = 0;
    std::uint64_t write_hits = 0;
    std::uint64_t fills_saved = 0;
    std::uint64_t written = 0;  // modulo 2^64: may go down
  };
  struct Kind {
    bool write;
    bool fetched;
  };

  void touch(StartPage& page, std::uint32_t begin, std::uint32_t end, const Kind& kind);
  void hit(Blocks::Id id, std::uint32_t begin, std::uint32_t end, const Kind& kind);
  std::size_t bucket(std::uint64_t time) const { return time >> bucket_bits_; }
  std::uint64_t depth(Blocks::Id id, std::uint32_t line) const;
  std::uint64_t count_hit(std::uint64_t level, std::uint64_t depth, std::uint64_t lines,
                          const Kind& kind);
  void take(Blocks::Id id, std::uint32_t begin, std::uint32_t end);
  void push(StartPage& page, std::uint32_t begin, std::uint32_t end, std::uint64_t level);
  void renumber();
  std::vector<MissCurve::Step> steps(std::vector<Change> changes) const;

  bool fetch_covered_;
  Blocks blocks_;
  CountTree lines_at_;        // by bucket of the time of a block's first line
  unsigned bucket_bits_ = 0;  // a bucket is as many line uses as a block has lines on average
  std::uint64_t now_ = 0;     // line uses since the last renumbering
  std::uint64_t cold_ = 0;    // lines on the stack
  Change total_{0};           // accesses: as if all were hits
  SparseTable<Change> changes_;
};

}  // namespace attnsim::machine
