// A fully associative LRU cache over runs of lines, exact to the last line.
//
// The state is the cache's lines in order of their last use, as blocks (block_list.h). An access is
// cut, from its first line up, into pieces that hit one block and pieces that miss up to the next
// block; each piece is one step, whatever its length. What a miss evicts is decided piece by piece,
// since the least recently used block may lie in the rest of this very access. One case of that is
// taken in one step: a miss that ends where the least recently used block begins evicts, line by
// line, just the lines that come next, so the whole of them misses (an access chases its own tail;
// this happens at capacities just below a reuse distance).
//
// Cost: O(pieces); a piece is as long as the accesses are repeated in the same order. Memory: two
// bits per line of the pages touched, and what the resident blocks need.
//
// LRU by stack order: Mattson et al., Evaluation techniques for storage hierarchies, IBM Systems
// Journal 9(2), 1970.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/machine/cache/block_list.h"
#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/lru_options.h"
#include "sim/machine/cache/outflow.h"
#include "sim/machine/cache/tag_counts.h"
#include "sim/machine/cache/touched_lines.h"

namespace attnsim::machine {

class BlockLru final : public CacheModel {
 public:
  /// `below` may be null; else it must outlive the cache.
  explicit BlockLru(const LruOptions& options, Downstream* below = nullptr,
                    std::shared_ptr<TouchedLines> touched = std::make_shared<TouchedLines>());

  void access(const LineAccess& access) override;
  using CacheModel::access;
  void finish() override;
  CacheCounts counts(std::uint16_t tag) const override { return counts_.totals(tag); }

  /// Calls visit(lines, tag, dirty) for the lines that are in the cache, oldest first.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (Blocks::Id id = blocks_.oldest(); id != 0; id = blocks_[id].newer) {
      const Blocks::Block& block = blocks_[id];
      visit(LineRun{block.page->first_line() + block.begin, block.length}, block.state.tag,
            block.state.dirty);
    }
  }
  /// Makes lines the newest that are not in the cache, for which there is room. Counts nothing.
  void restore(LineRun lines, std::uint16_t tag, bool dirty);

  const TagCounts& tag_counts() const { return counts_; }

  /// Steps taken so far: the cost of the replay, independent of the machine it runs on.
  std::uint64_t pieces() const { return pieces_; }

 private:
  struct State {
    bool joins(const State& next, std::uint32_t) const {
      return tag == next.tag && dirty == next.dirty;
    }
    State skip(std::uint32_t) const { return *this; }

    std::uint16_t tag = 0;
    bool dirty = false;
  };
  using Blocks = BlockList<State>;
  /// What is the same for all pieces of an access.
  struct Kind {
    std::uint16_t tag;
    bool write;
    bool fetched;
  };

  void touch(StartPage& page, std::uint32_t begin, std::uint32_t end, const Kind& kind);
  void hit(Blocks::Id id, std::uint32_t begin, std::uint32_t end, bool write);
  std::uint32_t miss(StartPage& page, std::uint32_t begin, std::uint32_t limit, const Kind& kind);
  std::uint32_t miss_end(const StartPage& page, std::uint32_t begin, std::uint32_t limit) const;
  void evict_for(LineRun incoming, const Kind& kind);

  std::uint64_t capacity_;
  bool fetch_covered_;
  std::uint64_t resident_ = 0;
  std::uint64_t pieces_ = 0;
  Blocks blocks_;
  std::shared_ptr<TouchedLines> touched_;
  TagCounts counts_;
  Outflow outflow_;
};

}  // namespace attnsim::machine
