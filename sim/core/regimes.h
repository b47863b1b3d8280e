// Who moves least at which size of the fast memory, as plain data: what attnsim curve --scratchpad
// answers. Sizes are in words of the two-level machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/core/curve.h"
#include "sim/core/units.h"

namespace attnsim {

/// A lower bound against M.
struct BoundSeries {
  std::string id;
  std::vector<double> words{};  // at each of Regimes::sizes
};

/// What moves least at one size, and what it cannot undercut.
struct RegimePoint {
  Words m_words{};
  std::string least{};  // policy of the series that moves least; empty where nothing fits
  Words words{};        // that it moves
  std::string bound{};  // the largest lower bound that holds for it; empty: none
  double bound_words = 0;

  /// 0 where one of the two is missing.
  double over_bound() const {
    return bound_words > 0 ? static_cast<double>(words.count) / bound_words : 0;
  }
};

/// Up to the next lead, or the end of the range, this algorithm moves least. Of equal ones it is
/// the one that led before, else the last by id.
struct Lead {
  std::string algorithm{};
  Words from{};
  Words words{};  // at `from`
};

/// From `from` to the end of the range `algorithm` moves no more words than `over`, which moved
/// less at some size below.
struct Crossover {
  std::string algorithm{};
  std::string over{};
  Words from{};
  Words first{};  // the least size at which it moves no more; up to `from` they change places
  Words words{}, over_words{};  // of both at `from`
};

struct Regimes {
  std::string workload{};  // in one line
  std::uint64_t word_bytes = 0;
  std::int64_t head_dim = 0;
  std::vector<Words> sizes{};  // from the least to the greatest
  std::vector<CurveSeries>
      series{};  // algorithms with their best tiles; with `best` last, if asked
  std::vector<BoundSeries> bounds{};    // those that hold for one of the series
  std::vector<RegimePoint> points{};    // at each of the sizes
  std::vector<Lead> leads{};            // by `from`; without the series `best`
  std::vector<Crossover> crossovers{};  // by `from`; all pairs but with `best`

  /// Where the least I/O is furthest above its bound; nullptr when there is no bound or no I/O.
  const RegimePoint* furthest() const;
  /// M / head_dim^2.
  double in_head_dims(Words m) const;
};

/// The policy of the best nest that was searched for.
inline constexpr std::string_view kBestNest = "best";

}  // namespace attnsim
