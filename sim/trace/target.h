// The machine as an algorithm may see it: element sizes, capacities by role, architecture.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/core/machine_spec.h"
#include "sim/core/workload.h"

namespace attnsim {

/// A tile a schedule keeps on chip: rows x cols elements in the memory of a role.
struct TileShape {
  Role role = Role::operand;
  DType dtype = DType::f16;
  std::int64_t rows = 0, cols = 0;
};

/// References the spec and the workload, which outlive it.
class Target {
 public:
  Target(const MachineSpec& machine, const Workload& workload);

  const std::string& arch() const { return machine_.arch; }
  const std::string& machine_id() const { return machine_.id; }

  std::int64_t cores() const { return machine_.cores; }

  int word_bits() const { return word_bits_; }

  /// Bits one element occupies: on the pebble machine every element is one word.
  int element_bits(DType dtype) const { return machine_.uniform_words ? word_bits_ : bits(dtype); }

  /// Index of the memory a role lives in, into MachineSpec::memories.
  std::size_t space(Role role) const { return space_[static_cast<std::size_t>(role)]; }

  /// Capacity of a role's memory in words of the workload's dtype.
  std::uint64_t capacity_words(Role role) const;

  /// Words of all memories that roles live in: the M of the theory (registers included), per core.
  std::uint64_t on_chip_words() const;

  /// True when every memory holds its part of the tiles at once.
  bool fits(const std::vector<TileShape>& tiles) const;

  /// Of kernels that run one after another, each with its tiles: for each memory the tiles of the
  /// kernel that needs most of it.
  std::vector<TileShape> peak(const std::vector<std::vector<TileShape>>& kernels) const;

  /// Bits of the tiles by memory, indexed like MachineSpec::memories.
  std::vector<std::uint64_t> occupation_bits(const std::vector<TileShape>& tiles) const;

 private:
  const MachineSpec& machine_;
  int word_bits_;
  std::size_t space_[kRoleCount] = {};
  std::vector<std::optional<std::uint64_t>> capacity_bits_;
};

}  // namespace attnsim
