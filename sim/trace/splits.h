// A head's work divided among several tasks.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/trace/index.h"

namespace attnsim {

/// The fewest tasks per head that fill the `places` of all cores to within 95 % of the best that up
/// to `most` tasks can (num_splits_heuristic of the released kernels, fmha_api.cpp of
/// flash-attention v1.0).
std::int64_t even_splits(std::int64_t heads, std::int64_t places, std::int64_t most);

/// Into how many parts of their `blocks` key blocks to cut each of `tasks` tasks: the fewest that
/// fill `places` to within 85 % of the best that up to `most` can; 1 where the tasks alone fill 80
/// % of the places. What cuts no finer than one part less is no choice (num_splits_heuristic of
/// flash-attention 2, csrc/flash_attn/flash_api.cpp).
std::int64_t key_splits(std::int64_t tasks, std::int64_t places, std::int64_t blocks,
                        std::int64_t most);

/// The indices of one of `parts` parts, as even as whole indices allow; the last ones may be empty.
Run split_part(std::int64_t indices, std::int64_t parts, std::int64_t which);

/// A list of `blocks` dealt out to CTAs, from the first on: as evenly as whole blocks allow, longer
/// parts first.
struct Deal {
  std::int64_t blocks = 0, ctas = 1;

  /// Where the part of a CTA begins; of one past the last CTA, where the list ends.
  std::int64_t begin(std::int64_t cta) const;
  /// Who has a block. REQUIRES: it is in the list.
  std::int64_t owner(std::int64_t block) const;
};

/// Parts that are not empty.
std::int64_t used_parts(std::int64_t indices, std::int64_t parts);

/// What is left of runs between two indices. Runs may become empty.
std::vector<Run> within(std::vector<Run> runs, std::int64_t begin, std::int64_t end);

}  // namespace attnsim
