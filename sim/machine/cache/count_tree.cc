#include "sim/machine/cache/count_tree.h"

namespace attnsim::machine {

void CountTree::reset(std::size_t buckets) {
  std::size_t depth = 0;
  do {
    const std::size_t nodes = (buckets + kFan - 1) / kFan;
    if (depth == levels_.size()) levels_.emplace_back();
    levels_[depth++].assign(nodes * kFan, 0);
    buckets = nodes;
  } while (buckets > 1);
  levels_.resize(depth);
}

void CountTree::sum_up() {
  for (std::size_t i = 1; i < levels_.size(); ++i) {
    const std::vector<std::uint32_t>& children = levels_[i - 1];
    for (std::size_t child = 0; child < children.size(); ++child) {
      levels_[i][child / kFan] += children[child];
    }
  }
}

}  // namespace attnsim::machine
