// The simulated caches of a machine: a shared cache once, a cache of a core once per core, each
// feeding the next one outwards.
//
// Memories between two of them that are not simulated pass everything through. Caches of cores are
// not kept coherent: a core does not see what another one writes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "sim/machine/cache/cache_tree.h"
#include "sim/machine/hierarchy.h"
#include "sim/trace/memory_use.h"
#include "sim/trace/tensor_layout.h"

namespace attnsim::machine {

/// Caches are named by their index into MachineSpec::memories. References the spec.
class MachineCaches {
 public:
  /// `cores` that work. Throws UserError when a cache cannot be simulated, or not inside the next
  /// one. REQUIRES: at least one simulated cache.
  MachineCaches(const MachineSpec& machine, int word_bits, std::uint64_t seed, std::int64_t cores);

  /// What is counted, in bytes: a line, or a sector.
  std::uint64_t unit() const { return unit_; }
  const std::vector<std::size_t>& caches() const { return caches_; }  // inner to outer

  /// The first simulated cache outwards of a memory.
  std::optional<std::size_t> next(std::size_t memory) const;

  /// An access of a core to a cache.
  void access(std::size_t cache, std::int64_t core, const ByteRect& bytes, const MemoryUse& use,
              std::uint16_t tag);
  void finish() { tree_->finish(); }
  CacheTree& tree() { return *tree_; }
  /// What has passed between the caches and the home of the tensors so far.
  const MemoryCounts& at_home() const { return tree_->moved_by_caches(home_); }

  /// All instances together.
  CacheCounts counts(std::size_t cache, std::uint16_t tag) const;

 private:
  void add(std::size_t cache, CacheTree::Node home, int word_bits, std::uint64_t seed);
  bool tied(std::size_t cache) const;

  const MachineSpec& machine_;
  Hierarchy hierarchy_;
  std::int64_t cores_;
  std::uint64_t unit_ = 0;
  std::vector<std::size_t> caches_;
  std::optional<CacheTree> tree_;
  CacheTree::Node home_ = 0;
  std::vector<std::vector<CacheTree::Node>> nodes_;  // by memory, by core
};

/// True when a cache of the machine names a policy.
bool has_simulated_caches(const MachineSpec& machine);

}  // namespace attnsim::machine
