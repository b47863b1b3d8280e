// Caches in a tree: each feeds the one outside it, down to memories that count what they move.
//
// Call protocol: add outer nodes before the nodes inside them, then any number of access() at any
// node, then finish() once. Misses of a node are reads of its parent, its write-backs are writes of
// whole units there. All nodes speak of the same units (lines, or sectors where lines have some).
//
// Towards the caches inside it, a cache is
//   neither     inclusive nor exclusive: nothing but fetches and write-backs passes between them;
//   inclusive   it holds whatever they hold. A line that leaves it leaves them too: there it counts
//   as
//               an eviction, and as a write-back if it was dirty, and its dirty units leave with
//               it;
//   exclusive   it holds what they gave up, clean or dirty. A hit moves the line inwards, with its
//               dirt; a miss is fetched past it and counts as its fill. What is put in is no
//               access.
// Inclusive and exclusive caches and all caches inside them are SetCaches that fetch every miss
// they allocate; around an exclusive cache all are write-back, write-allocate and without sectors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/core/cache_spec.h"
#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/recurring.h"
#include "sim/machine/cache/set_cache.h"

namespace attnsim::machine {

using Inclusion = ::attnsim::CacheInclusion;

/// What passed the edge of a memory.
struct MemoryCounts {
  std::uint64_t bytes_read = 0;
  std::uint64_t bytes_written = 0;
  bool operator==(const MemoryCounts&) const = default;
};

class CacheTree {
 public:
  using Node = std::size_t;
  using MakeCache = std::function<std::unique_ptr<CacheModel>(Downstream&)>;

  /// The size of a unit in bytes.
  explicit CacheTree(std::uint64_t unit_bytes);
  ~CacheTree();
  CacheTree(const CacheTree&) = delete;
  CacheTree& operator=(const CacheTree&) = delete;

  Node add_memory(const std::string& name);
  /// Any model. Throws UserError inside an inclusive or exclusive cache.
  Node add_cache(const std::string& name, Node parent, const MakeCache& make);
  /// Throws UserError when the shape is faulty or breaks the rules above.
  Node add_cache(const std::string& name, Node parent, const SetCacheConfig& config,
                 Inclusion inclusion = Inclusion::neither);

  /// At a memory: past all caches.
  void access(Node node, const LineAccess& access);
  void access(Node node, const RectAccess& rect);
  /// Inner caches first. Their dirty lines are writes of the caches outside them, and are counted
  /// there as such: ask for counts before, to leave them out.
  void finish();

  const std::string& name(Node node) const;

  /// Whether what is added inside this node must be able to give lines back: the node is inclusive
  /// or exclusive, or lies in such a cache.
  bool tied(Node node) const;
  /// Of a cache.
  CacheCounts counts(Node node, std::uint16_t tag) const;
  /// Of a memory.
  MemoryCounts memory_counts(Node node, std::uint16_t tag) const;
  /// What the caches inside a memory have moved so far, all tags together, in O(1). Accesses past
  /// all caches and repeat() are not in it.
  const MemoryCounts& moved_by_caches(Node node) const;

  // --- repetition: see recurring.h --------------------------------------------------------------
  /// The caches, in the order in which they were added; empty when one of them takes no part.
  struct RecurringNode {
    Node node;
    Recurring* state;
  };
  std::vector<RecurringNode> recurring() const;
  /// Appends every count of tags 0 .. tags - 1 of every node.
  void append_counts(std::size_t tags, std::vector<std::uint64_t>& out) const;
  /// Counts again, `times` times, what came between two calls of append_counts.
  void repeat(const std::vector<std::uint64_t>& earlier, const std::vector<std::uint64_t>& later,
              std::size_t tags, std::uint64_t times);

 private:
  class Memory;
  class Edge;        // from a cache to the one outside it
  class TakingEdge;  // to an exclusive one
  struct Level;

  std::unique_ptr<Level> level_in(const std::string& name, Node parent) const;
  Node add(std::unique_ptr<Level> level);
  static Downstream& edge_of(Level& level);
  static void check_ties(const Level& level, const SetCacheConfig& config);

  std::uint64_t unit_bytes_;
  std::vector<std::unique_ptr<Level>> levels_;  // outer before inner
};

}  // namespace attnsim::machine
