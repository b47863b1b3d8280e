#include "sim/machine/machine_caches.h"

#include <algorithm>
#include <string>

#include "sim/core/error.h"
#include "sim/machine/cache_factory.h"
#include "sim/machine/line_span.h"

namespace attnsim::machine {

bool has_simulated_caches(const MachineSpec& machine) {
  return std::any_of(machine.memories.begin(), machine.memories.end(),
                     [](const MemorySpec& memory) { return memory.simulated(); });
}

MachineCaches::MachineCaches(const MachineSpec& machine, int word_bits, std::uint64_t seed,
                             std::int64_t cores)
    : machine_(machine), hierarchy_(machine), cores_(cores), nodes_(machine.memories.size()) {
  for (std::size_t i = 0; i < machine.memories.size(); ++i) {
    if (machine.memories[i].simulated()) caches_.push_back(i);
  }
  ATTNSIM_CHECK(!caches_.empty(), machine.id);
  unit_ = machine.memories[caches_.back()].cache_spec(word_bits).unit();
  tree_.emplace(unit_);
  home_ = tree_->add_memory(machine.home().name);
  for (auto cache = caches_.rbegin(); cache != caches_.rend(); ++cache) {
    add(*cache, home_, word_bits, seed);
  }
}

void MachineCaches::add(std::size_t cache, CacheTree::Node home, int word_bits,
                        std::uint64_t seed) {
  const CacheSpec spec = machine_.memories[cache].cache_spec(word_bits);
  const auto outer = next(cache);
  const std::string where = "cache '" + spec.name + "': ";
  if (outer) {
    const CacheSpec around = machine_.memories[*outer].cache_spec(word_bits);
    for (const CacheFault& fault : nesting_faults(spec, around, tied(*outer))) {
      throw UserError(where + fault.key + ": " + fault.message);
    }
  }
  if (spec.unit() != unit_) {
    throw UserError(where + "counts in units of " + std::to_string(spec.unit()) +
                    " bytes, other simulated caches in " + std::to_string(unit_) +
                    "; give all one line (with ways: sector) size");
  }
  const std::vector<CacheTree::Node> outside = outer ? nodes_[*outer] : std::vector{home};
  const std::int64_t instances = machine_.memories[cache].per_core ? cores_ : 1;
  for (std::int64_t core = 0; core < instances; ++core) {
    const auto at = static_cast<std::size_t>(core);
    nodes_[cache].push_back(add_cache(*tree_, outside[at % outside.size()], spec,
                                      seed + static_cast<std::uint64_t>(core)));
  }
}

bool MachineCaches::tied(std::size_t cache) const {
  for (std::optional<std::size_t> c = cache; c; c = next(*c)) {
    if (machine_.memories[*c].cache.inclusion != CacheInclusion::neither) return true;
  }
  return false;
}

std::optional<std::size_t> MachineCaches::next(std::size_t memory) const {
  while (memory != hierarchy_.home()) {
    memory = hierarchy_.parent(memory);
    if (machine_.memories[memory].simulated()) return memory;
  }
  return std::nullopt;
}

void MachineCaches::access(std::size_t cache, std::int64_t core, const ByteRect& bytes,
                           const MemoryUse& use, std::uint16_t tag) {
  const std::vector<CacheTree::Node>& nodes = nodes_[cache];
  const CacheTree::Node node = nodes[static_cast<std::size_t>(core) % nodes.size()];
  if (auto rect = rect_of(bytes, unit_)) {
    rect->row.write = use.write;
    if (use.needs_old) rect->row.covers_lines = false;
    rect->row.tag = tag;
    tree_->access(node, *rect);
    return;
  }
  for (std::uint64_t row = 0; row < bytes.rows; ++row) {
    const LineSpan span = span_of(bytes.address + row * bytes.pitch, bytes.row_bytes, unit_);
    tree_->access(node, LineAccess{.lines = span.lines,
                                   .write = use.write,
                                   .covers_lines = span.covered && !use.needs_old,
                                   .tag = tag});
  }
}

CacheCounts MachineCaches::counts(std::size_t cache, std::uint16_t tag) const {
  CacheCounts sum;
  for (const CacheTree::Node node : nodes_[cache]) sum += tree_->counts(node, tag);
  return sum;
}

}  // namespace attnsim::machine
