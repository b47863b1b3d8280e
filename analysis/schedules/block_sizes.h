// Sizes of blocks that may matter to a search.
#pragma once

#include <cstdint>
#include <vector>

namespace attnsim::schedules {

/// The sizes that cut `extent` into 1, 2, ... blocks and are the smallest to do so, ascending.
std::vector<std::int64_t> block_sizes(std::int64_t extent);

/// The largest size from 1 to `most` that fits; 0 when none does. REQUIRES: where a size fits, the
/// smaller ones do.
template <typename Fits>
std::int64_t largest_that(std::int64_t most, Fits&& fits) {
  std::int64_t low = 0;
  while (low < most) {
    const std::int64_t middle = (low + most + 1) / 2;
    if (fits(middle)) {
      low = middle;
    } else {
      most = middle - 1;
    }
  }
  return low;
}

}  // namespace attnsim::schedules
