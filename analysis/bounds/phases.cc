#include "analysis/bounds/phases.h"

#include <algorithm>
#include <cmath>

namespace attnsim::bounds {
namespace {

constexpr Wide kLargest = (Wide{1} << 125) - 1;  // for products and radicands

/// The bound for one number of phases. n counts the full phases: the best X for n is the largest
/// with n units(base + X) < work, and its value (n + 1 - parts) X.
class Search {
 public:
  Search(const PhaseCapacity& capacity, Wide work, Wide base, Wide parts)
      : capacity_(capacity), work_(work), base_(base), idle_(parts - 1) {}

  Wide run() {
    const Wide most = most_phases(base_ + 1);
    if (most <= idle_) return 0;
    const Wide start = peak(idle_ + 1, most);
    for (Wide n = start; n <= most && promising(n); ++n) {
      const Wide at_hand = words(n);
      n = std::max(n, most_phases(at_hand));  // all the phases this X has
      record(n, at_hand);
    }
    for (Wide at_hand = words(start);;) {
      const Wide n = most_phases(at_hand + 1);  // the next larger X has fewer phases
      if (n <= idle_ || !promising(n) || words(n) <= at_hand) break;
      at_hand = words(n);
      record(n, at_hand);
    }
    return best_;
  }

 private:
  Wide words(Wide n) const { return capacity_.words((work_ - 1) / n); }
  Wide most_phases(Wide words) const { return (work_ - 1) / capacity_.units(words); }

  void record(Wide n, Wide at_hand) {
    if (at_hand > base_) best_ = std::max(best_, (n - idle_) * (at_hand - base_));
  }

  /// Concave in n, and nowhere below the value.
  long double above(Wide n) const {
    const long double z = static_cast<long double>(work_) / static_cast<long double>(n);
    return static_cast<long double>(n - idle_) *
           (capacity_.words_above(z) - static_cast<long double>(base_));
  }

  bool promising(Wide n) const {
    constexpr long double kRounding = 1 + 1e-15L;
    return above(n) * kRounding > static_cast<long double>(best_);
  }

  /// About where `above` is largest.
  Wide peak(Wide low, Wide high) const {
    while (high - low > 2) {
      const Wide third = (high - low) / 3;
      const Wide left = low + third;
      const Wide right = high - third;
      if (above(left) < above(right)) {
        low = left;
      } else {
        high = right;
      }
    }
    return low;
  }

  const PhaseCapacity& capacity_;
  Wide work_, base_, idle_;
  Wide best_ = 0;
};

}  // namespace

Wide PairCapacity::units(Wide words) const {
  return std::max(words * words / divisor_, factor_ * words);
}

Wide PairCapacity::words(Wide n) const {
  // floor(W^2 / a) <= n iff W^2 < a (n + 1).
  const Wide squares = n < kLargest / divisor_ ? divisor_ * (n + 1) - 1 : kLargest;
  return std::min(floor_sqrt(squares), n / factor_);
}

long double PairCapacity::words_above(long double z) const {
  return std::min(std::sqrt(static_cast<long double>(divisor_) * (z + 1)),
                  z / static_cast<long double>(factor_));
}

Wide ProductCapacity::units(Wide words) const {
  return floor_sqrt(numerator_ * words * words * words / denominator_);
}

Wide ProductCapacity::words(Wide n) const {
  // sqrt(a Y^3 / b) < n + 1 iff a Y^3 < b (n + 1)^2.
  const Wide next = std::min(n + 1, Wide{1} << 59);
  return floor_cbrt((denominator_ * next * next - 1) / numerator_);
}

long double ProductCapacity::words_above(long double z) const {
  return std::cbrt(static_cast<long double>(denominator_) / static_cast<long double>(numerator_) *
                   (z + 1) * (z + 1));
}

Wide least_transfers(const PhaseCapacity& capacity, Wide work, Wide base, Wide parts) {
  if (work == 0) return 0;
  // No phase has as many words as the integers carry: such a memory holds everything.
  if (base >= capacity.words(kLargest)) return 0;
  return Search(capacity, work, base, parts).run();
}

}  // namespace attnsim::bounds
