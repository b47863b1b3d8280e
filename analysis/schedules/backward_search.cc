#include "analysis/schedules/backward_search.h"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "analysis/schedules/block_sizes.h"
#include "sim/core/two_level.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/backward_nest.h"

namespace attnsim::schedules {
namespace {

using Kind = BackwardNest::Kind;

/// two_kernel_backward by its own closed form and footprint.
class TwoKernels {
 public:
  TwoKernels(const Workload& workload, std::uint64_t m_words)
      : w_(workload),
        machine_(two_level_machine(m_words)),
        target_(machine_, w_),
        algorithm_(find_algorithm("two_kernel_backward")) {}

  /// Rows and keys of a block of the kernel of dK and dV, and of that of dQ.
  using Sizes = std::array<std::int64_t, 4>;

  AlgorithmChoice choice(const Sizes& sizes) const {
    AlgorithmChoice out{.name = "two_kernel_backward"};
    out.tiles = {TileRule::explicit_sizes,
                 {{"Br", sizes[0]}, {"Bc", sizes[1]}, {"Br_dq", sizes[2]}, {"Bc_dq", sizes[3]}}};
    out.params.set("delta", std::string("dq"));
    return out;
  }

  std::uint64_t footprint(const Sizes& sizes) const {
    std::uint64_t sum = 0;
    for (const TileShape& tile : planned(sizes)->footprint()) {
      sum += static_cast<std::uint64_t>(tile.rows * tile.cols);
    }
    return sum;
  }

  std::uint64_t words(const Sizes& sizes) const {
    std::uint64_t sum = 0;
    for (const ClosedFormTerm& term : planned(sizes)->closed_form()) {
      sum += term.read + term.written;
    }
    return sum;
  }

 private:
  std::unique_ptr<Schedule> planned(const Sizes& sizes) const {
    const AlgorithmChoice asked = choice(sizes);
    return algorithm_.plan({w_, target_, algorithm_.info, asked});
  }

  const Workload& w_;
  const MachineSpec machine_;
  const Target target_;
  const Algorithm algorithm_;
};

class Search {
 public:
  Search(const Workload& workload, std::uint64_t m_words)
      : w_(workload), costs_(workload), m_(m_words) {}

  std::optional<BestBackward> run() {
    two_kernels();
    outside(Kind::keys_outside, &BackwardNest::Bc, &BackwardNest::Br);
    outside(Kind::rows_outside, &BackwardNest::Br, &BackwardNest::Bc);
    ds_stored(true);
    ds_stored(false);
    stored();
    if (best_) best_->evaluated = evaluated_;
    return best_;
  }

 private:
  bool fits(const BackwardNest& nest) const {
    return costs_.footprint_words(costs_.effective(nest)) <= m_;
  }

  /// REQUIRES: nest fits.
  void consider(BackwardNest nest) {
    nest = costs_.effective(nest);
    ++evaluated_;
    const std::uint64_t moved = costs_.words(nest);
    if (best_ && moved >= best_->words) return;
    best_ = BestBackward{
        .choice = choice_of(nest), .words = moved, .footprint = costs_.footprint_words(nest)};
  }

  /// Each kernel streams single rows or keys past the largest block that fits.
  void two_kernels() {
    const TwoKernels kernels(w_, m_);
    TwoKernels::Sizes sizes = {1, 1, 1, 1};
    const auto enlarge = [&](std::size_t which, std::int64_t most) {
      const std::int64_t size = largest_that(most, [&](std::int64_t n) {
        TwoKernels::Sizes tried = sizes;
        tried[which] = n;
        return kernels.footprint(tried) <= m_;
      });
      sizes[which] = size;
      return size > 0;
    };
    if (!enlarge(1, w_.seqlen_kv) || !enlarge(2, w_.seqlen_q)) return;
    enlarge(0, w_.seqlen_q);
    enlarge(3, w_.seqlen_kv);
    ++evaluated_;
    best_ = BestBackward{.choice = kernels.choice(sizes),
                         .words = kernels.words(sizes),
                         .footprint = kernels.footprint(sizes)};
  }

  using Size = std::int64_t BackwardNest::*;

  /// The nest with its size the largest that fits; 0 when none does.
  std::int64_t enlarge(BackwardNest& nest, Size size) const {
    const std::int64_t most = size == &BackwardNest::Br ? costs_.rows() : w_.seqlen_kv;
    return nest.*size = largest_that(most, [&](std::int64_t n) {
             BackwardNest tried = nest;
             tried.*size = n;
             return fits(tried);
           });
  }

  /// The largest blocks that stay: words fall as they grow. What is streamed costs no words.
  void outside(Kind kind, Size staying, Size streamed) {
    BackwardNest nest{.kind = kind};
    if (enlarge(nest, staying) == 0) return;
    enlarge(nest, streamed);
    consider(nest);
  }

  /// The kernels share no size: each is optimised alone.
  void ds_stored(bool dk_held) {
    BackwardNest nest{.kind = Kind::ds_stored, .dk_held = dk_held};
    if (enlarge(nest, &BackwardNest::Bc) == 0) return;
    enlarge(nest, &BackwardNest::Br);
    nest.d_q = best_product(costs_.rows(), w_.head_dim, w_.seqlen_kv);
    if (!dk_held) nest.d_k = best_product(w_.seqlen_kv, w_.head_dim, costs_.rows());
    consider(nest);
  }

  void stored() {
    BackwardNest nest{.kind = Kind::stored};
    if (!fits(nest)) return;
    if (best_ && stored_at_least() >= best_->words) return;
    nest.p = best_scores(w_.head_dim, [this](const ScoreTiles& t) { return costs_.p(t); });
    nest.d_s = best_scores(w_.head_dim_v, [this](const ScoreTiles& t) { return costs_.d_s(t); });
    nest.d_v = best_product(w_.seqlen_kv, w_.head_dim_v, costs_.rows());
    nest.d_k = best_product(w_.seqlen_kv, w_.head_dim, costs_.rows());
    nest.d_q = best_product(costs_.rows(), w_.head_dim, w_.seqlen_kv);
    consider(nest);
  }

  /// P is stored and read twice, dS likewise.
  std::uint64_t stored_at_least() const {
    return 6 * static_cast<std::uint64_t>(costs_.rows() * w_.seqlen_kv * w_.kv_planes());
  }

  /// For each number of column blocks the most rows that fit. REQUIRES: single elements fit.
  ProductTiles best_product(std::int64_t m, std::int64_t n, std::int64_t depth) {
    ProductTiles best{};
    std::uint64_t least = UINT64_MAX;
    for (const std::int64_t cols : block_sizes(n)) {
      ProductTiles tiles{.cols = cols};
      tiles.rows = largest_that(m, [&](std::int64_t rows) {
        return BackwardCosts::product({.rows = rows, .cols = cols}, m, n, depth).footprint <= m_;
      });
      if (tiles.rows == 0) break;
      ++evaluated_;
      const std::uint64_t moved = BackwardCosts::product(tiles, m, n, depth).words;
      if (moved >= least) continue;
      least = moved;
      best = tiles;
    }
    return best;
  }

  /// For each number of row and of key blocks, and of strips, the smallest sizes that make it, and
  /// the most columns that stay. REQUIRES: single elements fit.
  template <typename Cost>
  ScoreTiles best_scores(std::int64_t width, Cost cost) {
    ScoreTiles best{};
    std::uint64_t least = UINT64_MAX;
    const std::vector<std::int64_t> key_blocks = block_sizes(w_.seqlen_kv);
    for (const std::int64_t rows : block_sizes(costs_.rows())) {
      if (cost({.rows = rows}).footprint > m_) break;
      for (const std::int64_t keys : key_blocks) {
        const ScoreTiles ideal{.rows = rows, .keys = keys, .columns = width};  // if it fitted
        if (cost(ideal).words >= least) continue;
        for (std::int64_t strips = 1; strips <= std::min(kMostStrips, keys); ++strips) {
          ScoreTiles tiles{.rows = rows, .keys = ceil_div(keys, strips), .strips = strips};
          tiles.columns = columns_that_stay(tiles, width, cost);
          if (tiles.columns < 0) continue;
          ++evaluated_;
          const std::uint64_t moved = cost(tiles).words;
          if (moved >= least) continue;
          least = moved;
          best = tiles;
        }
      }
    }
    return best;
  }

  /// As many as fit: all, which saves the room of one that passes, or fewer. -1: not even none.
  template <typename Cost>
  std::int64_t columns_that_stay(ScoreTiles tiles, std::int64_t width, Cost cost) const {
    const auto fits_with = [&](std::int64_t columns) {
      tiles.columns = columns;
      return cost(tiles).footprint <= m_;
    };
    if (fits_with(width)) return width;
    if (!fits_with(0)) return -1;
    return largest_that(width - 1, fits_with);
  }

  const Workload& w_;
  const BackwardCosts costs_;
  const std::uint64_t m_;
  std::optional<BestBackward> best_;
  std::uint64_t evaluated_ = 0;
};

}  // namespace

std::optional<BestBackward> best_backward(const Workload& workload, std::uint64_t m_words) {
  return Search(workload, m_words).run();
}

}  // namespace attnsim::schedules
