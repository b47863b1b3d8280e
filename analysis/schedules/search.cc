#include "analysis/schedules/search.h"

#include <algorithm>
#include <vector>

#include "analysis/schedules/block_sizes.h"
#include "sim/trace/mask.h"

namespace attnsim::schedules {
namespace {

using Scores = AttentionNest::Scores;
using Size = std::int64_t AttentionNest::*;

std::vector<std::int64_t> all_sizes(std::int64_t extent) {
  std::vector<std::int64_t> out;
  for (std::int64_t size = 1; size <= extent; ++size) out.push_back(size);
  return out;
}

class Search {
 public:
  Search(const Workload& workload, std::uint64_t m_words)
      : w_(workload), costs_(workload), m_(m_words) {}

  std::optional<BestNest> run() {
    kept();
    at_once_streamed();
    if (!w_.masked()) {
      at_once_held();
      at_once_in_groups();
    }
    stored();
    if (!best_) return std::nullopt;
    best_->nest = coarsened(best_->nest);
    best_->footprint = costs_.footprint_words(best_->nest);
    best_->evaluated = evaluated_;
    return best_;
  }

 private:
  bool fits(const AttentionNest& nest) const {
    return costs_.footprint_words(costs_.effective(nest)) <= m_;
  }

  std::uint64_t words(const AttentionNest& nest) {
    ++evaluated_;
    return costs_.words(costs_.effective(nest));
  }

  /// REQUIRES: nest fits.
  void consider(const AttentionNest& nest) {
    const std::uint64_t moved = words(nest);
    if (best_ && moved >= best_->words) return;
    best_ = BestNest{.nest = costs_.effective(nest), .words = moved};
  }

  /// The largest size up to `most` with which the nest fits; 0 when none does. REQUIRES: the
  /// footprint grows with the size.
  std::int64_t largest(AttentionNest nest, Size size, std::int64_t most) const {
    return largest_that(most, [&](std::int64_t n) {
      nest.*size = n;
      return fits(nest);
    });
  }

  /// Traffic depends on the number of row blocks alone: for each the fewest rows. Single columns
  /// move the same as wide ones.
  void kept() {
    for (const std::int64_t Br : block_sizes(costs_.rows())) {
      const AttentionNest nest{.scores = Scores::kept, .Br = Br};
      if (!fits(nest)) return;
      consider(nest);
    }
  }

  /// Single keys: the visited ones are then the fewest, and so is the footprint. Without a mask
  /// only the number of row blocks counts.
  void at_once_streamed() {
    for (const std::int64_t Br : row_sizes()) {
      const AttentionNest nest{.Br = Br};
      if (!fits(nest)) return;
      consider(nest);
    }
  }

  /// For each number of row blocks and of held blocks the largest blocks that fit.
  void at_once_held() {
    const std::int64_t Nk = w_.seqlen_kv;
    for (const std::int64_t Br : block_sizes(costs_.rows())) {
      if (!fits({.Br = Br})) return;
      for (std::int64_t blocks = 1; blocks <= std::min(kMostHeldBlocks, Nk); ++blocks) {
        AttentionNest nest{.Br = Br, .Bc = ceil_div(Nk, blocks), .held_blocks = blocks};
        if (!fits(nest)) {  // not all keys; below that, more of them take more room
          nest.Bc = largest(nest, &AttentionNest::Bc, (Nk - 1) / blocks);
          if (nest.Bc == 0) break;
        }
        consider(nest);
      }
    }
  }

  /// Single query rows: traffic does not depend on them. For each number of held blocks the largest
  /// that fit.
  void at_once_in_groups() {
    for (std::int64_t blocks = 1; blocks <= std::min(kMostHeldBlocks, w_.seqlen_kv); ++blocks) {
      AttentionNest nest{.held_blocks = blocks, .key_groups = true};
      nest.Bc = largest(nest, &AttentionNest::Bc, w_.seqlen_kv);
      if (nest.Bc == 0) return;
      consider(nest);
    }
  }

  /// The two kernels share no size: the best of each, beside the smallest of the other.
  void stored() {
    const AttentionNest smallest{.scores = Scores::stored};
    if (!fits(smallest)) return;
    if (best_ && stored_at_least() >= best_->words) return;
    const AttentionNest first = best_scores(smallest);
    AttentionNest both = best_output(smallest);
    both.Br = first.Br;
    both.Bc = first.Bc;
    both.q_columns = first.q_columns;
    consider(both);
  }

  /// Every visible score is stored and loaded, L too, and O is stored.
  std::uint64_t stored_at_least() const {
    const auto rows = static_cast<std::uint64_t>(costs_.rows() * w_.kv_planes());
    return 2 * MaskCounts(w_).visible_pairs() +
           rows * (2 + static_cast<std::uint64_t>(w_.head_dim_v));
  }

  /// Single columns. The columns of Q that stay: as many as fit, for each is loaded once instead of
  /// once per tile of its row.
  AttentionNest best_scores(AttentionNest nest) {
    AttentionNest best = nest;
    std::uint64_t least = words(best);
    AttentionNest least_keys = nest;  // all of Q stays: K alone depends on the tiles
    least_keys.q_columns = w_.head_dim;
    const std::vector<std::int64_t> keys = key_sizes();
    for (const std::int64_t Br : row_sizes()) {
      nest.Br = least_keys.Br = Br;
      nest.Bc = 1;
      nest.q_columns = 0;
      if (!fits(nest)) break;
      if (words(least_keys) >= least) continue;
      for (const std::int64_t Bc : keys) {
        nest.Bc = Bc;
        nest.q_columns = 0;
        if (!fits(nest)) break;
        nest.q_columns = w_.head_dim;
        if (!fits(nest)) {
          nest.q_columns = largest(nest, &AttentionNest::q_columns, w_.head_dim - 1);
        }
        const std::uint64_t moved = words(nest);
        if (moved >= least) continue;
        least = moved;
        best = nest;
      }
    }
    return best;
  }

  /// Single keys, as in at_once_streamed.
  AttentionNest best_output(AttentionNest nest) {
    AttentionNest best = nest;
    std::uint64_t least = words(best);
    const std::vector<std::int64_t> columns = block_sizes(w_.head_dim_v);
    for (const std::int64_t rows : row_sizes()) {
      nest.out_rows = rows;
      for (const std::int64_t cols : columns) {
        nest.out_cols = cols;
        if (!fits(nest)) break;
        const std::uint64_t moved = words(nest);
        if (moved >= least) continue;
        least = moved;
        best = nest;
      }
    }
    return best;
  }

  /// Larger steps, as long as they move and hold no more than is allowed.
  AttentionNest coarsened(AttentionNest nest) const {
    const std::uint64_t moved = costs_.words(nest);
    for (const Size size : {&AttentionNest::depth, &AttentionNest::out_keys,
                            &AttentionNest::out_cols, &AttentionNest::Bc, &AttentionNest::Br}) {
      for (;;) {
        AttentionNest larger = nest;
        ++(larger.*size);
        larger = costs_.effective(larger);
        if (larger == nest || !fits(larger) || costs_.words(larger) != moved) break;
        nest = larger;
      }
    }
    return nest;
  }

  /// Sizes that may matter: a mask makes each of them different.
  std::vector<std::int64_t> row_sizes() const {
    return w_.masked() ? all_sizes(costs_.rows()) : block_sizes(costs_.rows());
  }
  std::vector<std::int64_t> key_sizes() const {
    return w_.masked() ? all_sizes(w_.seqlen_kv) : block_sizes(w_.seqlen_kv);
  }

  const Workload& w_;
  const NestCosts costs_;
  const std::uint64_t m_;
  std::optional<BestNest> best_;
  std::uint64_t evaluated_ = 0;
};

}  // namespace

std::optional<BestNest> best_nest(const Workload& workload, std::uint64_t m_words) {
  return Search(workload, m_words).run();
}

}  // namespace attnsim::schedules
