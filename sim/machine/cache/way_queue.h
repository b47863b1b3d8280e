// Per set, an order of its ways: what LRU and FIFO are made of. Constant time whatever the number
// of ways; 8 bytes per way.
//
// Ways that were never moved are in the order of their numbers, the highest at the back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace attnsim::machine {

class WayQueue {
 public:
  WayQueue(std::uint32_t sets, std::uint32_t ways)
      : ways_(ways), links_(std::size_t{sets} * (ways + 1)) {
    for (std::uint32_t s = 0; s < sets; ++s) {
      for (std::uint32_t node = 0; node <= ways; ++node) {
        set(s)[node] = {node == ways ? 0 : node + 1, node == 0 ? ways : node - 1};
      }
    }
  }

  std::uint32_t front(std::uint32_t s) const { return set(s)[0].next - 1; }
  std::uint32_t back(std::uint32_t s) const { return set(s)[0].previous - 1; }

  void move_to_front(std::uint32_t s, std::uint32_t way) {
    Link* links = set(s);
    const std::uint32_t node = way + 1;
    if (links[0].next == node) return;
    links[links[node].previous].next = links[node].next;
    links[links[node].next].previous = links[node].previous;
    links[node] = {links[0].next, 0};
    links[links[0].next].previous = node;
    links[0].next = node;
  }

  void copy(std::uint32_t from, std::uint32_t to) {
    for (std::uint32_t node = 0; node <= ways_; ++node) set(to)[node] = set(from)[node];
  }

  bool same(std::uint32_t a, std::uint32_t b) const {
    for (std::uint32_t node = 0; node <= ways_; ++node) {
      if (set(a)[node].next != set(b)[node].next) return false;
    }
    return true;
  }

  /// Appends the ways from front to back.
  void append(std::uint32_t s, std::vector<std::uint64_t>& out) const {
    for (std::uint32_t node = set(s)[0].next; node != 0; node = set(s)[node].next) {
      out.push_back(node - 1);
    }
  }

 private:
  /// A ring through node 0, which is no way; way w is node w + 1.
  struct Link {
    std::uint32_t next, previous;
  };

  Link* set(std::uint32_t s) { return links_.data() + std::size_t{s} * (ways_ + 1); }
  const Link* set(std::uint32_t s) const { return links_.data() + std::size_t{s} * (ways_ + 1); }

  std::uint32_t ways_;
  std::vector<Link> links_;
};

}  // namespace attnsim::machine
