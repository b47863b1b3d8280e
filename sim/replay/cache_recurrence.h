// Heads and row blocks that repeat, replayed through caches once.
//
// Whenever a slice of the grid has been started, the state is: the tasks in flight and how far they
// are, and the contents of the caches, each line told by its distance from the row of its tensor
// that was accessed last. When the state is the same after two stretches of equal length, and the
// traffic of the second was that of the first, every row moved on by one number of rows per tensor,
// what follows is a translated copy of it: a body is an affine function of its coordinates
// (sim/trace/index.h), and the order of tasks depends on nothing else (interleave.h). Stretches are
// left out and counted as long as the grid has translated tasks to give: along its slowest
// dimension up to the end; along its fastest, within one slice of the others, up to the last block,
// which may be clipped.
//
// Cold misses depend on all lines ever accessed. They repeat if, for each tensor that moves, the
// lines a stretch can reach were untouched before the kernel, or all were touched; and if the
// touched lines among those it did reach look the same after both stretches.
//
// States are compared with one of a few slices ago, which is replaced after twice as many slices
// each time (Brent's cycle finding), so that the comparisons cost less than the replay.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/machine/cache/cache_tree.h"
#include "sim/replay/interleave.h"
#include "sim/trace/tensor_layout.h"

namespace attnsim::replay {

/// Stands between the tasks of one kernel and what feeds their traffic to the caches.
class CacheRecurrence final : public TrafficListener {
 public:
  /// References everything. `unit`: bytes per line of the tree.
  CacheRecurrence(TrafficListener& feed, machine::CacheTree& tree, const TensorLayout& layout,
                  const std::vector<TensorDecl>& tensors, std::uint64_t unit);

  std::uint64_t traffic(const TileOp& op, std::size_t place) override;

  /// To be called after each step. Moves the tasks on where what follows is known.
  void after_step(Interleaving& tasks);

 private:
  /// The traffic of one tensor.
  struct Reach {
    std::int64_t last = 0;           // row accessed last
    std::int64_t low = 0, high = 0;  // rows [low, high) hold what was accessed since the reference
  };
  struct State {
    std::vector<std::uint64_t> tasks;
    std::vector<std::uint64_t> caches;
    std::vector<std::uint64_t> counts;
    std::vector<std::int64_t> rows;           // by tensor: accessed last
    std::vector<machine::LinesByTag> lowest;  // by cache: resident in those inside it
    std::int64_t started = 0;
  };
  /// From one state to an equal one.
  struct Stretch {
    std::int64_t tasks = 0;
    std::vector<std::uint64_t> lines;    // by tensor: how far it moved on
    std::vector<std::uint64_t> content;  // equal for copies
    bool operator==(const Stretch&) const = default;
  };

  void choose_dimension(const Interleaving& tasks);
  bool is_checkpoint(const Interleaving& tasks);
  void checkpoint(Interleaving& tasks);
  State state(const Interleaving& tasks);
  void refer_to(State now);

  std::optional<Stretch> stretch_to(const State& now);
  bool cold_misses_repeat(std::size_t tensor, std::uint64_t moved) const;
  std::int64_t repetitions(const Interleaving& tasks, std::int64_t stretch) const;
  void leave_out(Interleaving& tasks, const Stretch& stretch, const State& now, std::int64_t times);
  void mark_touched(std::size_t tensor, const State& now, std::uint64_t moved, std::uint64_t times);

  /// The line in which a row begins, and the one after all rows before it.
  std::uint64_t line_of(std::size_t tensor, std::int64_t row) const;
  std::uint64_t line_after(std::size_t tensor, std::int64_t row) const;
  machine::LineRun reached_again(std::size_t cache, std::size_t tensor, const State& now,
                                 std::uint64_t moved) const;
  std::uint64_t cold(std::size_t cache, std::size_t tensor) const;

  TrafficListener& feed_;
  machine::CacheTree& tree_;
  const TensorLayout& layout_;
  const std::vector<TensorDecl>& tensors_;
  std::uint64_t unit_;
  std::vector<machine::CacheTree::RecurringNode> caches_;  // empty: nothing is looked for
  std::vector<std::vector<std::uint64_t>> cold_before_;    // the kernel; by cache and tensor

  std::size_t dim_ = 0;       // along which translated tasks are looked for
  std::int64_t slice_ = 0;    // tasks per coordinate of it; 0: not chosen yet
  std::int64_t checked_ = 0;  // tasks started at the last look
  std::uint64_t effort_ = 0;  // records since the last comparison of caches
  std::vector<Reach> reach_;  // by tensor
  std::uint64_t hash_ = 0;    // of the traffic since the reference
  State reference_;
  std::vector<std::uint64_t> cold_at_reference_;  // by cache and tensor
  std::int64_t age_ = 0;                          // comparisons since the reference was taken
  std::int64_t patience_ = 1;                     // comparisons until it is replaced
  std::optional<Stretch> last_;                   // that ended at the reference
};

}  // namespace attnsim::replay
