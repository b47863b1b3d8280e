// Caches one behind the other before a memory, as --cache describes them.
#pragma once

#include <vector>

#include "sim/core/cache_spec.h"
#include "sim/machine/cache/cache_tree.h"

namespace attnsim::machine {

class CacheChain {
 public:
  /// From the core outwards. REQUIRES: at least one, none with faults, alone or in the next one.
  explicit CacheChain(const std::vector<SeededCache>& caches);

  /// In units of the caches (CacheSpec::unit), by the core. All have tag 0.
  void access(const LineAccess& access) { tree_.access(nodes_.front(), access); }
  /// From the core outwards each writes its dirty lines to the next, for which they are accesses.
  void finish() { tree_.finish(); }

  CacheCounts counts(std::size_t cache) const { return tree_.counts(nodes_[cache], 0); }
  MemoryCounts memory_counts() const { return tree_.memory_counts(memory_, 0); }

 private:
  CacheTree tree_;
  CacheTree::Node memory_;
  std::vector<CacheTree::Node> nodes_;  // from the core outwards
};

}  // namespace attnsim::machine
