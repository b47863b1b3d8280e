// What a cache model offers to a replay that looks for repetition: its state in a form in which
// translated states are equal, and the step to a translated state.
//
// A translation moves the lines of a tag (a tensor) by a number of lines of their own. Two states
// are copies when they are equal up to a translation; then, on translated accesses, all that
// follows is, up to that translation, the same. Models that draw at random, scatter lines by a hash
// or look ahead (OPT) take no part.
#pragma once

#include <cstdint>
#include <vector>

namespace attnsim::machine {

struct LineRun;

/// A number of lines by tag.
using LinesByTag = std::vector<std::uint64_t>;

class Recurring {
 public:
  virtual ~Recurring() = default;

  /// Translations are by multiples of this many lines.
  virtual std::uint64_t step() const = 0;

  /// Appends what decides about future hits, misses and victims: the resident lines in an order
  /// that is the model's, each as its distance from the origin of its tag, modulo 2^64. Lowers
  /// `lowest` to the lowest resident line of each tag. REQUIRES: an origin, and an entry in
  /// `lowest`, for every tag met so far.
  virtual void snapshot(const LinesByTag& origin, std::vector<std::uint64_t>& out,
                        LinesByTag& lowest) = 0;

  /// Moves all resident lines. Counts nothing.
  virtual void translate(const LinesByTag& by) = 0;

  /// Appends which lines of a run were ever accessed (and so will not miss cold), as pairs: lines
  /// from the first on, and how many.
  virtual void append_touched(LineRun lines, std::vector<std::uint64_t>& out) = 0;

  /// From now on the lines count as accessed before. O(1) for a long run.
  virtual void mark_touched(LineRun lines) = 0;
};

}  // namespace attnsim::machine
