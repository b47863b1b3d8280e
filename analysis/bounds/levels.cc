#include "analysis/bounds/levels.h"

#include <algorithm>

#include "analysis/bounds/wide.h"
#include "sim/machine/hierarchy.h"

namespace attnsim::bounds {
namespace {

constexpr Wide kUnlimited = Wide{1} << 60;  // bits

/// Adds up capacities; unlimited as soon as one is unknown.
class Size {
 public:
  void add(std::optional<Wide> bits, Wide instances) {
    bits_ =
        bits && bits_ < kUnlimited ? bits_ + std::min(*bits, kUnlimited) * instances : kUnlimited;
  }
  std::optional<std::uint64_t> elements(int element_bits) const {
    if (bits_ >= kUnlimited) return std::nullopt;
    return static_cast<std::uint64_t>(bits_ / wide(element_bits));
  }
  Wide bits() const { return bits_; }

 private:
  Wide bits_ = 0;
};

/// Of one instance: the capacity, or what the run held where that is more.
std::optional<Wide> size_bits(const MemorySpec& memory, int word_bits,
                              const std::vector<FootprintRow>& footprint) {
  if (!memory.capacity) return std::nullopt;
  std::uint64_t bytes = memory.capacity->bytes(word_bits);
  for (const FootprintRow& row : footprint) {
    if (row.space == memory.name) bytes = std::max(bytes, row.peak_bytes.count);
  }
  return Wide{bytes} * 8;
}

}  // namespace

std::vector<Level> levels(const MachineSpec& machine, int word_bits, int element_bits,
                          const std::vector<FootprintRow>& footprint) {
  const machine::Hierarchy hierarchy(machine);
  const auto cores = static_cast<std::uint64_t>(machine.cores);
  Size core;
  for (const MemorySpec& memory : machine.memories) {
    if (memory.per_core) core.add(size_bits(memory, word_bits, footprint), 1);
  }
  Size device;
  device.add(core.bits(), cores);
  std::vector<Level> out;
  for (std::size_t i = 0; i < machine.memories.size(); ++i) {
    const MemorySpec& memory = machine.memories[i];
    if (!hierarchy.outside_core(i)) continue;
    const bool innermost = out.empty();
    out.push_back({.memory = memory.name,
                   .m_words = (innermost ? core : device).elements(element_bits),
                   .parts = innermost ? cores : 1,
                   .cores = innermost});
    device.add(size_bits(memory, word_bits, footprint), 1);
  }
  return out;
}

}  // namespace attnsim::bounds
