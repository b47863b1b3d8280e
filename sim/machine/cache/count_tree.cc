#include "sim/machine/cache/count_tree.h"

namespace attnsim::machine {

void CountTree::reset(std::size_t buckets) {
  levels_.clear();
  do {
    const std::size_t nodes = (buckets + kFan - 1) / kFan;
    levels_.emplace_back(nodes * kFan);
    buckets = nodes;
  } while (buckets > 1);
}

}  // namespace attnsim::machine
