// How many lines lie in the buckets after a given one.
//
// A tree of sums with 16 children per node: adding touches one entry per level, a sum at most 15.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnsim::machine {

class CountTree {
 public:
  /// Empties it; REQUIRES buckets > 0.
  void reset(std::size_t buckets);

  std::size_t buckets() const { return levels_.empty() ? 0 : levels_.front().size(); }

  /// Adds modulo 2^64, so that lines are taken away by adding their negative.
  void add(std::size_t bucket, std::uint64_t lines) {
    for (auto& level : levels_) {
      level[bucket] += lines;
      bucket /= kFan;
    }
  }

  std::uint64_t after(std::size_t bucket) const {
    std::uint64_t sum = 0;
    for (const auto& level : levels_) {
      const std::size_t end = (bucket / kFan + 1) * kFan;
      for (std::size_t i = bucket + 1; i < end; ++i) sum += level[i];
      bucket /= kFan;
    }
    return sum;
  }

 private:
  static constexpr std::size_t kFan = 16;

  std::vector<std::vector<std::uint64_t>> levels_;  // leaves first; sizes are multiples of kFan
};

}  // namespace attnsim::machine
