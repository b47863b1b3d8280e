// Tree pseudo-LRU: a binary tree over the ways with one bit per inner node, which points away from
// the last use below it; the victim is where the bits lead.
//
// Any number of ways: the tree is the complete binary tree with that many leaves, numbered as a
// heap. Inner nodes are 1 to ways - 1, the children of i are 2 i and 2 i + 1, way w is leaf ways +
// w. For a power of two this is the usual balanced tree. Otherwise the last level is partly filled:
// leaves lie at depth floor or ceil of log2(ways), and no bit leads to a way that does not exist.
#include <algorithm>
#include <cstddef>

#include "sim/machine/cache/replacement.h"

namespace attnsim::machine {
namespace {

class TreePlru final : public ReplacementPolicy {
 public:
  explicit TreePlru(const PolicyGeometry& g) : ways_(g.ways), bits_(std::size_t{g.sets} * g.ways) {}

  void hit(std::uint32_t set, std::uint32_t way) override {
    std::uint8_t* bits = tree(set);
    for (std::uint32_t node = ways_ + way; node > 1; node /= 2) {
      bits[node / 2] = (node % 2) == 0 ? 1 : 0;
    }
  }

  void fill(std::uint32_t set, std::uint32_t way) override { hit(set, way); }

  std::uint32_t victim(std::uint32_t set) override {
    const std::uint8_t* bits = tree(set);
    std::uint32_t node = 1;
    while (node < ways_) node = 2 * node + bits[node];
    return node - ways_;
  }

  void copy_set(std::uint32_t from, std::uint32_t to) override {
    std::copy_n(tree(from), ways_, tree(to));
  }

  bool same_set(std::uint32_t a, std::uint32_t b) const override {
    return std::equal(tree(a), tree(a) + ways_, tree(b));
  }

  bool append_state(std::uint32_t set, std::vector<std::uint64_t>& out) const override {
    out.insert(out.end(), tree(set), tree(set) + ways_);
    return true;
  }

 private:
  std::uint8_t* tree(std::uint32_t set) { return bits_.data() + std::size_t{set} * ways_; }
  const std::uint8_t* tree(std::uint32_t set) const {
    return bits_.data() + std::size_t{set} * ways_;
  }

  std::uint32_t ways_;
  std::vector<std::uint8_t> bits_;  // 1: the victim is to the right; entry 0 of a set is not used
};

ATTNSIM_REGISTER_POLICY("tree_plru",
                        PolicyInfo{"pseudo-LRU by a binary tree of bits",
                                   [](const PolicyGeometry& g) {
                                     return std::unique_ptr<ReplacementPolicy>(new TreePlru(g));
                                   }});

}  // namespace
}  // namespace attnsim::machine
