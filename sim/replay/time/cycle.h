// What a core does over and over: a round of operations and requests that brings it back to where
// it was, only later.
//
// Two states of a core are the same if all that it will do depends on is the same, relative to the
// time: then it does the same again, as long as its tasks emit the same operations and the shared
// memories answer alike. Both are checked in every round; what is left out is only the work inside
// the core. When an answer comes makes no difference while it is there before it is asked for, so
// every request of a cycle knows how late its answer may be.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "sim/replay/time/op_cost.h"
#include "sim/replay/time/rates.h"
#include "sim/trace/tile_op.h"

namespace attnsim::replay::time {

/// A state of a core, relative to its time.
using Signature = std::vector<std::int64_t>;

/// How late an answer may be, relative to a time, for nothing to change.
struct Tolerance {
  Ps recorded = 0;
  Ps latest = INT64_MIN;  // up to here any time will do; INT64_MIN: only the one recorded
  bool accepts(Ps done) const { return done <= latest || done == recorded; }
};

struct Cycle {
  /// A copy that the shared memories are asked for.
  struct Request {
    TileOp record{};  // of the round that was noted: others are of other elements
    std::size_t place = 0;
    std::uint32_t number = 0;  // of its operation, after the place's oldest one at the start
    Ps port = 0;               // when the core's port has taken it, after the request
    std::uint64_t bytes = 0;
    Tolerance answer{};  // after the request
  };
  /// A place emits further operations.
  struct Pull {
    std::size_t place = 0;
    std::vector<TileOp> ops{};
    std::uint32_t operations = 0;
    std::vector<std::uint32_t> copies{};  // which of them are
  };
  /// What happens from one request, or several at once, to the next.
  struct Step {
    Ps at = 0;  // after the start
    std::vector<Request> requests{};
    std::vector<Pull> pulls{};
  };
  /// An answer that is already there, or on its way, at the start.
  struct Pending {
    std::size_t place = 0;
    std::uint32_t number = 0;  // as above
    Tolerance answer{};        // after the start
  };
  struct PlaceRound {
    std::uint32_t operations = 0;
    UnitWorkSums work{};
  };

  Signature signature{};  // where it starts
  Ps length = 0;
  std::vector<Step> steps{};
  std::vector<Pending> pending{};
  std::vector<PlaceRound> places{};
};

/// Where the elements of a tensor are that a copy moves.
struct Elements {
  std::int64_t row = 0;
  std::int32_t col = 0;
};
inline Elements elements_of(const TileOp& op) { return {op.row, op.col}; }
inline TileOp with_elements(TileOp op, const Elements& elements) {
  op.row = elements.row;
  op.col = elements.col;
  return op;
}

/// Whether two operations take the same time: all but which elements they are on.
bool alike(const TileOp& a, const TileOp& b);

/// The cycles of a kernel that its cores have found so far.
class CycleBook {
 public:
  /// Those that start so, the newest first: which one it is depends on the answers.
  std::span<const Cycle* const> find(const Signature& signature, std::uint64_t hash) const;
  const Cycle& add(Cycle cycle);
  /// A core was through so many rounds of a cycle. One that few get through is found no more: it
  /// was noted when answers came late.
  void went_through(const Cycle& cycle, std::int64_t rounds);
  std::size_t size() const { return all_.size(); }

  /// States that a core notes a cycle from: others wait for it.
  std::unordered_set<std::uint64_t> in_work{};

  static std::uint64_t hash(const Signature& signature);

 private:
  std::vector<std::unique_ptr<const Cycle>> all_;
  std::unordered_map<std::uint64_t, std::vector<const Cycle*>> by_hash_;
  std::unordered_map<const Cycle*, int> in_vain_;  // how often, since the last time that it was not
};

}  // namespace attnsim::replay::time
