#include "analysis/schedules/block_sizes.h"

#include <algorithm>

#include "sim/trace/mask.h"

namespace attnsim::schedules {

std::vector<std::int64_t> block_sizes(std::int64_t extent) {
  std::vector<std::int64_t> out;
  for (std::int64_t size = extent; size >= 1;) {
    const std::int64_t blocks = ceil_div(extent, size);
    const std::int64_t smallest = ceil_div(extent, blocks);
    out.push_back(smallest);
    size = smallest - 1;
  }
  std::ranges::reverse(out);
  return out;
}

}  // namespace attnsim::schedules
