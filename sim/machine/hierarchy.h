// The memory tree of a machine: which boundaries data crosses between two memories.
//
// A boundary is named by its outer memory: "hbm" is between HBM and what lies directly inside it.
// Paths know no caching: data that crosses the l2 boundary crosses the hbm boundary too.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sim/core/machine_spec.h"

namespace attnsim::machine {

/// A boundary passed, named by its outer memory, outwards (a write to it) or inwards (a read).
struct Crossing {
  std::size_t memory;
  bool outwards;
};

/// Memories are indices into MachineSpec::memories (inner to outer). References the spec.
class Hierarchy {
 public:
  /// REQUIRES: a validated spec: every parent exists and every chain ends at the last memory.
  explicit Hierarchy(const MachineSpec& spec);

  std::size_t home() const { return parent_.size() - 1; }
  /// The next memory outwards; of the home: itself.
  std::size_t parent(std::size_t memory) const { return parent_[memory]; }

  /// The boundaries data passes on its way from one memory to another: out to the memory both lie
  /// in, then in. Empty when they are the same. Registers and scratchpad of a core are joined
  /// directly, by the boundary named after the scratchpad.
  std::vector<Crossing> path(std::size_t from, std::size_t to) const;

  /// The register file of the core that a scratchpad belongs to, if there is one: operands of the
  /// matrix unit that live in the scratchpad pass the boundary between the two.
  std::optional<std::size_t> registers_beside(std::size_t memory) const;

  /// True when the boundary lies outside the cores.
  bool outside_core(std::size_t memory) const { return !spec_.memories[memory].per_core; }

  /// The innermost memory outside the cores: the boundary that closed forms and per-core bounds
  /// speak of (l2 on a GPU, hbm on the two-level machine).
  std::size_t core_boundary() const;

 private:
  std::vector<std::size_t> chain(std::size_t memory) const;
  bool is(std::size_t memory, MemoryKind kind) const {
    return spec_.memories[memory].kind == kind && spec_.memories[memory].per_core;
  }

  const MachineSpec& spec_;
  std::vector<std::size_t> parent_;  // of the last memory: itself
};

}  // namespace attnsim::machine
