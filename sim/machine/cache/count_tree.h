// How many lines lie in the buckets after a given one.
//
// A tree of sums with 16 children per node: adding touches one entry per level, a sum 16. Less than
// 2^32 lines in all.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnsim::machine {

class CountTree {
 public:
  /// Empties it; REQUIRES buckets > 0.
  void reset(std::size_t buckets);

  std::size_t buckets() const { return levels_.empty() ? 0 : levels_.front().size(); }

  /// Many additions at a time: to the leaves, and then up.
  void add_to_leaf(std::size_t bucket, std::uint32_t lines) { levels_.front()[bucket] += lines; }
  void sum_up();

  /// Adds modulo 2^32, so that lines are taken away by adding their negative.
  void add(std::size_t bucket, std::uint32_t lines) {
    for (auto& level : levels_) {
      level[bucket] += lines;
      bucket /= kFan;
    }
  }

  std::uint32_t after(std::size_t bucket) const {
    std::uint32_t sum = 0;
    for (const auto& level : levels_) {
      const std::uint32_t* siblings = level.data() + bucket / kFan * kFan;
      const auto& is_after = kAfter[bucket % kFan];
      // All of them, without a branch: vector code.
      for (std::size_t i = 0; i < kFan; ++i) sum += siblings[i] & is_after[i];
      bucket /= kFan;
    }
    return sum;
  }

 private:
  static constexpr std::size_t kFan = 16;
  /// All bits set where the second place is after the first.
  static constexpr auto kAfter = [] {
    std::array<std::array<std::uint32_t, kFan>, kFan> masks{};
    for (std::size_t place = 0; place < kFan; ++place) {
      for (std::size_t i = place + 1; i < kFan; ++i) masks[place][i] = ~std::uint32_t{0};
    }
    return masks;
  }();

  std::vector<std::vector<std::uint32_t>> levels_;  // leaves first; sizes are multiples of kFan
};

}  // namespace attnsim::machine
