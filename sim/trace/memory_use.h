// How a traffic record uses the memory of its tensor.
#pragma once

#include "sim/trace/tile_op.h"

namespace attnsim {

struct MemoryUse {
  bool write = false;
  /// What is written depends on what was there: a cache that misses must fetch, even where the
  /// write covers its lines.
  bool needs_old = false;
};

/// Calls `use` for each pass of the record over its region: one, and two for an addition in the
/// core, which reads and then writes. An addition at the memory is a write that needs the old
/// value. REQUIRES: a record that moves data between a tile and a tensor.
template <typename Use>
void for_each_use(const TileOp& op, Use&& use) {
  if (op.op != Op::accumulate) {
    use(MemoryUse{.write = op.op == Op::store || op.op == Op::store_fill});
  } else if (op.flags & kAtMemory) {
    use(MemoryUse{.write = true, .needs_old = true});
  } else {
    use(MemoryUse{.write = false});
    use(MemoryUse{.write = true});
  }
}

}  // namespace attnsim
