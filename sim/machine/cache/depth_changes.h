// What changes in the counts of an LRU cache when its capacity reaches a depth of the stack.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace attnsim::machine {

struct DepthChange {
  bool operator==(const DepthChange&) const = default;

  std::uint64_t read_hits = 0;
  std::uint64_t write_hits = 0;
  std::uint64_t fills_saved = 0;
  std::uint64_t written = 0;  // modulo 2^64: may go down
};

/// By depth. Memory: 32 bytes per depth, for 64 neighbouring depths at a time when one of them is
/// first asked for.
class DepthChanges {
 public:
  DepthChanges() = default;
  DepthChanges(const DepthChanges& other) {
    other.for_each([this](std::uint64_t depth, const DepthChange& change) { at(depth) = change; });
  }
  DepthChanges& operator=(const DepthChanges&) = delete;

  DepthChange& at(std::uint64_t depth) {
    const std::size_t page = depth / kPage;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr) pages_[page] = std::make_unique<Page>();
    return (*pages_[page])[depth % kPage];
  }

  /// Calls visit(depth, change) for those that are not zero, ascending.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t page = 0; page < pages_.size(); ++page) {
      if (pages_[page] == nullptr) continue;
      for (std::size_t i = 0; i < kPage; ++i) {
        const DepthChange& change = (*pages_[page])[i];
        if (change != DepthChange{}) visit(std::uint64_t{page * kPage + i}, change);
      }
    }
  }

 private:
  static constexpr std::size_t kPage = 64;
  using Page = std::array<DepthChange, kPage>;

  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace attnsim::machine
