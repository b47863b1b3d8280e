#include "sim/trace/target.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim {

Target::Target(const MachineSpec& machine, const Workload& workload)
    : machine_(machine), word_bits_(workload.word_bits()) {
  for (const MemorySpec& memory : machine.memories) {
    capacity_bits_.push_back(memory.capacity ? std::optional(memory.capacity->bytes(word_bits_) * 8)
                                             : std::nullopt);
  }
  for (int r = 0; r < kRoleCount; ++r) {
    const MemorySpec* found = machine.memory(machine.roles[static_cast<std::size_t>(r)]);
    ATTNSIM_CHECK(found != nullptr, "role '" + std::string(name(static_cast<Role>(r))) +
                                        "' has no memory on '" + machine.id + "'");
    space_[r] = static_cast<std::size_t>(found - machine.memories.data());
  }
}

std::uint64_t Target::capacity_words(Role role) const {
  const auto& capacity = capacity_bits_[space(role)];
  ATTNSIM_CHECK(capacity.has_value(), "an explicitly managed memory has a capacity");
  return *capacity / static_cast<std::uint64_t>(word_bits_);
}

std::uint64_t Target::on_chip_words() const {
  std::vector<bool> counted(capacity_bits_.size(), false);
  std::uint64_t total = 0;
  for (int r = 0; r < kRoleCount; ++r) {
    const std::size_t memory = space_[r];
    if (counted[memory]) continue;
    counted[memory] = true;
    total += capacity_words(static_cast<Role>(r));
  }
  return total;
}

std::vector<std::uint64_t> Target::occupation_bits(const std::vector<TileShape>& tiles) const {
  std::vector<std::uint64_t> out(capacity_bits_.size(), 0);
  for (const TileShape& t : tiles) {
    out[space(t.role)] += static_cast<std::uint64_t>(t.rows * t.cols) *
                          static_cast<std::uint64_t>(element_bits(t.dtype));
  }
  return out;
}

std::vector<TileShape> Target::peak(const std::vector<std::vector<TileShape>>& kernels) const {
  std::vector<TileShape> out;
  for (std::size_t memory = 0; memory < capacity_bits_.size(); ++memory) {
    const auto most =
        std::max_element(kernels.begin(), kernels.end(), [&](const auto& a, const auto& b) {
          return occupation_bits(a)[memory] < occupation_bits(b)[memory];
        });
    for (const TileShape& t : *most) {
      if (space(t.role) == memory) out.push_back(t);
    }
  }
  return out;
}

bool Target::fits(const std::vector<TileShape>& tiles) const {
  const std::vector<std::uint64_t> used = occupation_bits(tiles);
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (capacity_bits_[i] && used[i] > *capacity_bits_[i]) return false;
  }
  return true;
}

}  // namespace attnsim
