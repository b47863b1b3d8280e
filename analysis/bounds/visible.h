// What the mask of a workload leaves visible.
#pragma once

#include <cstdint>

#include "analysis/bounds/wide.h"
#include "sim/core/workload.h"

namespace attnsim::bounds {

/// Of all heads and batches together. A mask that a workload cannot describe by a band (blocks, a
/// selection) gives its own numbers.
struct Visible {
  Wide rows = 0;   // query rows that see a key
  Wide keys = 0;   // keys, counted per KV head, that some row sees; of a shared prefix once
  Wide pairs = 0;  // (query row, key)
};

/// By the band of the workload, in O(1); by its visible blocks where it has a block mask.
Visible visible(const Workload& workload);

/// Its pairs in 64 bits. Throws UserError when there are 2^64 or more.
std::uint64_t visible_pairs(const Workload& workload);

}  // namespace attnsim::bounds
