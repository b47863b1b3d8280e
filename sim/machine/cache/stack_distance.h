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
// Depths are sums over a tree indexed by time of last use, which the newest block enters when it
// has ended. Cost: one sum and up to four additions per piece. Memory: what the blocks and their
// index need. At most 2^29 lines.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/machine/cache/block_list.h"
#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/count_tree.h"
#include "sim/machine/cache/depth_changes.h"
#include "sim/machine/cache/miss_curve.h"

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
  static constexpr std::uint32_t kClean = ~std::uint32_t{0};

  /// The line uses of a block are consecutive: line i of it was last used at time + i.
  struct State {
    bool joins(const State& next, std::uint32_t length) const {
      return level == next.level && time + length == next.time;
    }
    State skip(std::uint32_t lines) const { return {time + lines, level}; }

    std::uint32_t time = 0;
    std::uint32_t level = kClean;
  };
  using Blocks = BlockList<State>;

  struct Kind {
    bool write;
    bool fetched;
  };

  void touch(StartPage& page, std::uint32_t begin, std::uint32_t end, const Kind& kind);
  void hit(Blocks::Id id, std::uint32_t begin, std::uint32_t end, const Kind& kind);
  std::size_t bucket(std::uint32_t time) const { return time >> bucket_bits_; }
  std::uint32_t depth(Blocks::Id id, std::uint32_t line) const;
  std::uint32_t count_hit(std::uint32_t level, std::uint32_t depth, std::uint32_t lines,
                          const Kind& kind);
  void take(Blocks::Id id, std::uint32_t begin, std::uint32_t end);
  void push(StartPage& page, std::uint32_t begin, std::uint32_t end, std::uint32_t level);
  void add_to_tree(Blocks::Id id) {
    lines_at_.add(bucket(blocks_[id].state.time), blocks_[id].length);
  }
  void renumber();
  std::vector<MissCurve::Step> steps(const DepthChanges& changes) const;

  bool fetch_covered_;
  Blocks blocks_;
  CountTree lines_at_;        // by bucket of the time of a block's first line
  Blocks::Id growing_ = 0;    // the newest block, while it is not in the tree
  unsigned bucket_bits_ = 0;  // a bucket is up to twice the line uses that a block has on average
  std::uint32_t now_ = 0;     // line uses since the last renumbering
  std::uint32_t cold_ = 0;    // lines on the stack
  DepthChange total_;         // accesses: as if all were hits
  DepthChanges changes_;
};

}  // namespace attnsim::machine
