// Names of the small enumerations of sim/core, as configuration files and results spell them.
#include <algorithm>

#include "sim/core/machine_spec.h"
#include "sim/core/workload.h"

namespace attnsim {
namespace {

constexpr std::string_view kRoles[kRoleCount] = {"operand", "accumulator", "vector", "staging",
                                                 "exchange"};

}  // namespace

std::string_view name(Role role) { return kRoles[static_cast<int>(role)]; }

std::optional<Role> role_from_name(std::string_view text) {
  for (int i = 0; i < kRoleCount; ++i) {
    if (kRoles[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

std::string_view name(MemoryKind kind) {
  constexpr std::string_view kNames[] = {"registers", "scratchpad", "cache", "dram"};
  return kNames[static_cast<int>(kind)];
}

std::string_view name(Pass pass) {
  constexpr std::string_view kNames[] = {"forward", "backward", "forward_backward"};
  return kNames[static_cast<int>(pass)];
}

CacheSpec MemorySpec::cache_spec(int word_bits) const {
  CacheSpec out{.name = name, .line = line.value_or(0), .sector = sector, .rules = cache};
  if (capacity) out.capacity = capacity->bytes(word_bits);
  if (ways) out.ways = static_cast<std::uint64_t>(*ways);
  return out;
}

const MemorySpec* MachineSpec::scratchpad() const {
  const auto found = std::find_if(memories.begin(), memories.end(), [](const MemorySpec& m) {
    return m.kind == MemoryKind::scratchpad && m.per_core;
  });
  return found == memories.end() ? nullptr : &*found;
}

const MemorySpec* MachineSpec::memory(std::string_view memory_name) const {
  for (const MemorySpec& m : memories) {
    if (m.name == memory_name) return &m;
  }
  return nullptr;
}

const MemorySpec& MachineSpec::space(Role role) const {
  return *memory(roles[static_cast<std::size_t>(role)]);
}

}  // namespace attnsim
