#include "sim/machine/cache_factory.h"

#include <limits>
#include <string>

#include "sim/core/error.h"
#include "sim/machine/cache/opt_cache.h"
#include "sim/machine/cache/segment_lru.h"
#include "sim/machine/cache/set_cache.h"

namespace attnsim::machine {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();

[[noreturn]] void refuse(const MemorySpec& memory, const std::string& what) {
  throw UserError("hardware.memories." + memory.name + ": " + what);
}

struct Shape {
  std::uint64_t sets = 1, ways = 1;
};

Shape shape_of(const MemorySpec& memory, int word_bits) {
  if (!memory.capacity) refuse(memory, "a simulated cache needs a capacity");
  const std::uint64_t bytes = memory.capacity->bytes(word_bits);
  const std::uint64_t lines = bytes / *memory.line;
  if (lines == 0 || bytes % *memory.line != 0) {
    refuse(memory, "expected a capacity of whole lines of " + std::to_string(*memory.line) +
                       " bytes, got " + std::to_string(bytes) + " bytes");
  }
  const std::uint64_t ways = memory.ways ? static_cast<std::uint64_t>(*memory.ways) : lines;
  if (lines % ways != 0 || lines > kMost) {
    refuse(memory, "expected a capacity of whole sets, got " + std::to_string(lines) +
                       " lines in " + std::to_string(ways) + " ways");
  }
  return {lines / ways, ways};
}

std::uint32_t sectors_of(const MemorySpec& memory) {
  return static_cast<std::uint32_t>(*memory.line / unit_bytes(memory));
}

}  // namespace

bool simulated(const MemorySpec& memory) {
  return memory.kind == MemoryKind::cache && !memory.policy.empty();
}

std::uint64_t unit_bytes(const MemorySpec& memory) {
  if (!memory.line) refuse(memory, "a simulated cache needs a line size");
  return memory.ways && memory.sector && memory.policy != "opt" ? *memory.sector : *memory.line;
}

std::unique_ptr<CacheModel> make_cache(const MemorySpec& memory, int word_bits, std::uint64_t seed,
                                       Downstream& below) {
  const std::uint32_t sectors = sectors_of(memory);
  const Shape shape = shape_of(memory, word_bits);
  if (memory.policy == "lru" && shape.sets == 1 && sectors == 1) {
    return std::make_unique<SegmentLru>(LruOptions{.capacity = shape.ways}, &below);
  }
  const auto sets = static_cast<std::uint32_t>(shape.sets);
  if (memory.policy == "opt") {
    return std::make_unique<OptCache>(OptConfig{.sets = sets, .ways = shape.ways}, below);
  }
  return std::make_unique<SetCache>(SetCacheConfig{.sets = sets,
                                                   .ways = static_cast<std::uint32_t>(shape.ways),
                                                   .sectors = sectors,
                                                   .policy = memory.policy,
                                                   .seed = seed},
                                    below);
}

}  // namespace attnsim::machine
