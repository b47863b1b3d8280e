#include "sim/machine/cache_chain.h"

#include <algorithm>

#include "sim/machine/cache_factory.h"

namespace attnsim::machine {

CacheChain::CacheChain(const std::vector<SeededCache>& caches)
    : tree_(caches.front().cache.unit()), memory_(tree_.add_memory("memory")) {
  CacheTree::Node outside = memory_;
  for (auto it = caches.rbegin(); it != caches.rend(); ++it) {
    outside = add_cache(tree_, outside, it->cache, it->seed);
    nodes_.push_back(outside);
  }
  std::ranges::reverse(nodes_);
}

}  // namespace attnsim::machine
