// What an LRU cache of each capacity does on one trace: the result of StackDistance.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace attnsim::machine {

/// Of one capacity, in lines; the same numbers as CacheCounts over all tags.
struct CurvePoint {
  std::uint64_t capacity = 0;
  std::uint64_t read_misses = 0;
  std::uint64_t write_misses = 0;
  std::uint64_t fills = 0;
  std::uint64_t write_backs = 0;  // without final_dirty
  std::uint64_t final_dirty = 0;

  bool operator==(const CurvePoint&) const = default;
};

/// Misses, fills and the sum write_backs + final_dirty change at steps only; final_dirty is
/// piecewise linear, since every line of capacity may keep one more dirty line to the end.
class MissCurve {
 public:
  /// From `capacity` on, up to the next step.
  struct Step {
    std::uint64_t capacity = 0;
    std::uint64_t read_misses = 0;
    std::uint64_t write_misses = 0;
    std::uint64_t fills = 0;
    std::uint64_t written = 0;  // write_backs + final_dirty
  };
  /// From `capacity` on: final_dirty plus `slope` times the distance from it.
  struct Knot {
    std::uint64_t capacity = 0;
    std::uint64_t final_dirty = 0;
    std::uint64_t slope = 0;
  };

  MissCurve(std::vector<Step> steps, std::vector<Knot> knots, std::uint64_t cold)
      : steps_(std::move(steps)), knots_(std::move(knots)), cold_(cold) {}

  /// REQUIRES capacity > 0. O(log(steps)).
  CurvePoint at(std::uint64_t capacity) const;

  /// Ascending; the first is at capacity 0, where every access misses.
  const std::vector<Step>& steps() const { return steps_; }
  /// Ascending; the first is at capacity 0.
  const std::vector<Knot>& knots() const { return knots_; }

  /// Distinct lines: from this capacity on nothing is evicted.
  std::uint64_t cold() const { return cold_; }

 private:
  std::vector<Step> steps_;
  std::vector<Knot> knots_;
  std::uint64_t cold_;
};

}  // namespace attnsim::machine
