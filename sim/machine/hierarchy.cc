#include "sim/machine/hierarchy.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim::machine {

Hierarchy::Hierarchy(const MachineSpec& spec) : spec_(spec) {
  const auto& memories = spec.memories;
  ATTNSIM_CHECK(!memories.empty(), spec.id);
  for (std::size_t i = 0; i < memories.size(); ++i) {
    if (i + 1 == memories.size()) {
      parent_.push_back(i);
      continue;
    }
    const MemorySpec* parent = spec.memory(memories[i].parent);
    parent_.push_back(parent == nullptr ? i + 1
                                        : static_cast<std::size_t>(parent - memories.data()));
    ATTNSIM_CHECK(parent_.back() > i, memories[i].name + ": a parent is listed further out");
  }
}

std::vector<std::size_t> Hierarchy::chain(std::size_t memory) const {
  std::vector<std::size_t> out{memory};
  while (parent_[out.back()] != out.back()) out.push_back(parent_[out.back()]);
  return out;
}

std::vector<Crossing> Hierarchy::path(std::size_t from, std::size_t to) const {
  if (registers_beside(from) == to) return {{from, false}};
  if (registers_beside(to) == from) return {{to, true}};
  const std::vector<std::size_t> out = chain(from);
  const std::vector<std::size_t> in = chain(to);
  const auto meet = std::find_first_of(out.begin(), out.end(), in.begin(), in.end());
  ATTNSIM_CHECK(meet != out.end(), "all chains end at the last memory");
  std::vector<Crossing> crossings;
  for (auto it = out.begin() + 1; it <= meet; ++it) crossings.push_back({*it, true});
  const auto turn = std::find(in.begin(), in.end(), *meet);
  for (auto it = turn; it != in.begin(); --it) crossings.push_back({*it, false});
  return crossings;
}

std::optional<std::size_t> Hierarchy::registers_beside(std::size_t memory) const {
  if (!is(memory, MemoryKind::scratchpad)) return std::nullopt;
  for (std::size_t i = 0; i < parent_.size(); ++i) {
    const bool same_core = parent_[i] == memory || parent_[i] == parent_[memory];
    if (same_core && is(i, MemoryKind::registers)) return i;
  }
  return std::nullopt;
}

std::size_t Hierarchy::core_boundary() const {
  for (std::size_t i = 0; i < parent_.size(); ++i) {
    if (outside_core(i)) return i;
  }
  return home();
}

}  // namespace attnsim::machine
