// The argument behind all bounds that know M: cut a run into phases of X transfers each; what one
// phase can finish is limited by the words at hand in it, so there are many phases.
//
// A machine of p parts of M words each (the cores of a GPU seen from l2) has at most one unfinished
// phase per part. If the run finishes `work` units and a phase with W words at hand finishes at
// most units(W), then for every X >= 1
//
//     transfers >= X (ceil(work / units(base + X)) - p)
//
// where base is what a part holds when a phase begins (M), or when it begins and when it ends (2M).
// The proofs are in docs/bounds.md.
#pragma once

#include <cstdint>

#include "analysis/bounds/wide.h"

namespace attnsim::bounds {

/// What a phase can finish. `units` is a nondecreasing function of integers.
class PhaseCapacity {
 public:
  virtual ~PhaseCapacity() = default;

  /// The most units of work that W words at hand allow. REQUIRES: 1 <= words <= words(any).
  virtual Wide units(Wide words) const = 0;

  /// The most words that allow no more than n units; less where the true number is beyond what the
  /// integers carry.
  virtual Wide words(Wide n) const = 0;

  /// A concave function g of z = work / n that is no less than words(floor((work - 1) / n)), with
  /// n -> g(work / n) convex. It only steers the search for the best X.
  virtual long double words_above(long double z) const = 0;
};

/// units(W) = max(floor(W^2 / divisor), factor W): the pairs of I rows and J columns, each with its
/// words at hand, or pairs that each own a word.
class PairCapacity final : public PhaseCapacity {
 public:
  PairCapacity(Wide divisor, Wide factor) : divisor_(divisor), factor_(factor) {}
  Wide units(Wide words) const override;
  Wide words(Wide n) const override;
  long double words_above(long double z) const override;

 private:
  Wide divisor_, factor_;
};

/// units(Y) = floor(sqrt(numerator Y^3 / denominator)): products whose operands and results share Y
/// words (Loomis and Whitney 1949). REQUIRES: numerator <= 4, denominator <= 81.
class ProductCapacity final : public PhaseCapacity {
 public:
  ProductCapacity(Wide numerator, Wide denominator)
      : numerator_(numerator), denominator_(denominator) {}
  Wide units(Wide words) const override;
  Wide words(Wide n) const override;
  long double words_above(long double z) const override;

 private:
  Wide numerator_, denominator_;
};

/// The maximum over integers X >= 1 of X (ceil(work / units(base + X)) - parts), or 0 where that is
/// negative. Exact, in about min(M / sqrt(n), n / sqrt(M)) steps for n phases.
Wide least_transfers(const PhaseCapacity& capacity, Wide work, Wide base, Wide parts);

}  // namespace attnsim::bounds
