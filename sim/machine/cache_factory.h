// Cache models from a machine's description.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/core/machine_spec.h"
#include "sim/machine/cache/cache.h"

namespace attnsim::machine {

/// Whether a memory is simulated as a cache: it is one and names its replacement policy. A cache
/// without a policy passes everything through.
bool simulated(const MemorySpec& memory);

/// The unit that accesses to a cache are counted in: a sector where a set-associative cache has
/// sectors, else a line. Throws UserError when the memory has no line size.
std::uint64_t unit_bytes(const MemorySpec& memory);

/// Without `ways` fully associative, else with capacity / (line * ways) sets. Write-back,
/// write-allocate; a write that covers a unit does not fetch it. Throws UserError when the capacity
/// is missing or is not a whole number of sets. `below` outlives the cache.
std::unique_ptr<CacheModel> make_cache(const MemorySpec& memory, int word_bits, std::uint64_t seed,
                                       Downstream& below);

}  // namespace attnsim::machine
