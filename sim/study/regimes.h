// Algorithms, the best nest and the lower bounds against the size of the fast memory of the
// two-level machine, and where the algorithm that moves least changes.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/progress.h"
#include "sim/core/regimes.h"
#include "sim/core/run_spec.h"
#include "sim/study/crossovers.h"

namespace attnsim::study {

struct RegimesRequest {
  Workload workload{};
  std::vector<AlgorithmChoice> algorithms{};  // that know the pass
  bool best_nest = false;                     // search for the best nest, too, at every size
  SizeRange sizes{};                          // words of fast memory
  std::uint64_t step_percent = 5;             // from one size to the next
};

/// Counts come from the algorithms' closed forms, with the tiles their choice asks for; one without
/// is replayed. Crossovers and leads are exact to the word, whatever the step. Left out of them are
/// an algorithm whose tiles `fit` chooses among multiples only (tiles.h), since its I/O is no exact
/// least, and one that moves the same as a later one at every size of the grid.
/// Throws UserError for a block mask, and where the best nest is asked for in another pass than
/// forward.
Regimes regimes(const RegimesRequest& request, Progress* progress = nullptr);

/// From `sizes.from` in steps of `step_percent` and one word; the powers of two between, and
/// `sizes.to`.
std::vector<Words> size_grid(SizeRange sizes, std::uint64_t step_percent);

}  // namespace attnsim::study
