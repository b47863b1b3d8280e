#include "sim/config/machine_rules.h"

#include <string>
#include <vector>

#include "sim/config/memory_reader.h"
#include "sim/config/scalar.h"
#include "sim/core/spelling.h"

namespace attnsim::config {
namespace {

constexpr int kAnyWord = 8;

std::vector<std::string> names_of(const std::vector<MemorySpec>& memories) {
  std::vector<std::string> names;
  for (const MemorySpec& m : memories) names.push_back(m.name);
  return names;
}

void check_home(const Cursor& memories, const MemorySpec& home) {
  const Cursor at = memories.child(home.name);
  if (home.kind != MemoryKind::dram || home.per_core) {
    at.fault("expected the last memory to be a dram per device: it is the home of the tensors");
  }
  if (!home.parent.empty()) at.child("parent").fault("the last memory has no parent");
}

void check_parent(const Cursor& memories, const MachineSpec& machine, const MemorySpec& m) {
  const Cursor at = memories.child(m.name).child("parent");
  const MemorySpec* parent = machine.memory(m.parent);
  if (parent == nullptr) {
    at.fault("unknown memory " + quote(m.parent) +
             suggestion(m.parent, names_of(machine.memories)));
  } else if (parent->per_core && !m.per_core) {
    at.fault("'" + m.name + "' is per device, its parent '" + m.parent + "' per core");
  }
}

/// Follows the parents of `start`. A cycle is reported once, at its first memory.
void check_chain(const Cursor& memories, const MachineSpec& machine, const MemorySpec& start) {
  std::string chain = start.name;
  const MemorySpec* m = &start;
  for (std::size_t steps = 0; steps <= machine.memories.size(); ++steps) {
    m = machine.memory(m->parent);
    if (m == nullptr || m < &start) return;  // the end, or a cycle with an earlier member
    chain += " -> " + m->name;
    if (m == &start) {
      memories.child(start.name).child("parent").fault("the parents form a cycle: " + chain);
      return;
    }
  }
}

void check_cache_keys(const Cursor& memories, const MemorySpec& m) {
  const Cursor at = memories.child(m.name);
  if (m.line && m.sector && *m.line % *m.sector != 0) {
    at.child("sector").fault("expected a divisor of line (" + std::to_string(*m.line) +
                             " B), got '" + std::to_string(*m.sector) + " B'");
  }
  if (m.kind == MemoryKind::cache) return;
  for (const char* key : {"ways", "policy", "index", "slices", "write", "allocate", "fetch_covered",
                          "inclusion", "classify"}) {
    if (at.node().find(key) != nullptr) at.child(key).fault("only a cache has this key");
  }
}

/// The next simulated cache outwards; nullptr: none.
const MemorySpec* next_simulated(const MachineSpec& machine, const MemorySpec& m) {
  const MemorySpec* out = machine.memory(m.parent);
  while (out != nullptr && !out->simulated()) out = machine.memory(out->parent);
  return out;
}

bool tied(const MachineSpec& machine, const MemorySpec* cache) {
  for (; cache != nullptr; cache = next_simulated(machine, *cache)) {
    if (cache->cache.inclusion != CacheInclusion::neither) return true;
  }
  return false;
}

/// Whether tiles of some role reach memory through it.
bool passed(const MachineSpec& machine, const MemorySpec& cache) {
  for (const std::string& role : machine.roles) {
    const MemorySpec* m = machine.memory(role);
    while (m != nullptr && m != &cache) m = machine.memory(m->parent);
    if (m == &cache) return true;
  }
  return false;
}

}  // namespace

void check_memories(const Cursor& memories, const MachineSpec& machine) {
  check_home(memories, machine.home());
  for (const MemorySpec& m : machine.memories) {
    if (&m != &machine.home()) {
      check_parent(memories, machine, m);
      check_chain(memories, machine, m);
    }
    check_cache_keys(memories, m);
  }
}

void add_cache_faults(const Cursor& cache, const std::vector<CacheFault>& faults) {
  for (const CacheFault& fault : faults) cache.child(fault.key).fault(fault.message);
}

void check_caches(const Cursor& memories, const MachineSpec& machine) {
  const std::size_t before = memories.faults().count();
  for (const MemorySpec& m : machine.memories) {
    if (!m.simulated()) continue;
    if (!passed(machine, m)) {
      memories.child(m.name).child("policy").fault(
          "nothing passes this cache: no memory of a role lies inside it");
    }
    // Words become bytes with the workload's dtype: then the run checks.
    if (m.capacity && m.capacity->in_words) continue;
    add_cache_faults(memories.child(m.name), faults_of(m.cache_spec(kAnyWord)));
  }
  if (memories.faults().count() > before) return;
  for (const MemorySpec& m : machine.memories) {
    const MemorySpec* outer = m.simulated() ? next_simulated(machine, m) : nullptr;
    if (outer == nullptr) continue;
    const Cursor at = memories.child(m.name);
    add_cache_faults(at, nesting_faults(m.cache_spec(kAnyWord), outer->cache_spec(kAnyWord),
                                        tied(machine, outer)));
    if (m.cache.policy == "opt" && m.per_core && !outer->per_core) {
      at.child("policy").fault("opt knows its misses at the end of the run, core by core: '" +
                               outer->name + "' outside it would not see them interleaved");
    }
  }
}

void check_roles(const Cursor& roles, const MachineSpec& machine) {
  std::vector<std::string> candidates;
  for (const MemorySpec& m : machine.memories) {
    if (explicitly_managed(m.kind)) candidates.push_back(m.name);
  }
  for (int i = 0; i < kRoleCount; ++i) {
    const std::string& place = machine.roles[static_cast<std::size_t>(i)];
    const MemorySpec* memory = machine.memory(place);
    const Cursor at = roles.child(name(static_cast<Role>(i)));
    if (memory == nullptr) {
      at.fault("unknown memory " + quote(place) + suggestion(place, candidates));
    } else if (!explicitly_managed(memory->kind)) {
      at.fault("expected registers or a scratchpad, got '" + place + "', which is a " +
               std::string(name(memory->kind)));
    }
  }
}

}  // namespace attnsim::config
