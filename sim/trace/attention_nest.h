// Forward attention as one family of loop nests: their sizes, what they keep on chip, what they
// move. algorithms/tiled_attention.cc executes a nest; analysis/schedules looks for the best.
//
// One plane is the R = group * seqlen_q query rows that share a KV head (GQA packed) against its
// Nk keys. What the scores become once they are formed makes the kind of nest:
//
//   at_once  a Br x Bc tile meets V at once. Q_i, O_i and the row statistics stay while keys pass.
//            The first `held_blocks` key blocks stay for all i, the others are streamed; or
//            (key_groups) the keys are cut into groups of `held_blocks` blocks, each of which stays
//            while all i pass, O and L go through memory between groups.
//   stored   a Br x Bc tile goes to memory. It is formed from columns of Q and K, `depth` at a
//            time; the first `q_columns` columns of Q_i stay while keys pass. Then output blocks of
//            out_rows x out_cols, each from `out_keys` keys at a time.
//   kept     Br whole rows of scores stay; K passes `depth` columns at a time, V `out_cols`.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/run_spec.h"
#include "sim/core/workload.h"
#include "sim/trace/closed_form.h"
#include "sim/trace/mask_counts.h"
#include "sim/trace/target.h"

namespace attnsim {

/// Sizes that are too large mean the whole extent. Those that a kind does not name are unused.
struct AttentionNest {
  enum class Scores : std::uint8_t { at_once, stored, kept };

  Scores scores = Scores::at_once;
  std::int64_t Br = 1, Bc = 1;   // query rows and keys of a score tile (kept: Br alone)
  std::int64_t held_blocks = 0;  // at_once without a mask: key blocks that stay
  bool key_groups = false;       // at_once with held blocks
  std::int64_t depth = 1;        // stored, kept: columns of a step of Q K^T
  std::int64_t q_columns = 0;    // stored: columns of Q that stay, whole steps of `depth`
  std::int64_t out_rows = 1;     // stored: rows of an output block
  std::int64_t out_cols = 1;     // stored, kept: columns of an output block
  std::int64_t out_keys = 1;     // stored: keys of a step of P V

  /// The same with tiles of Br rows and Bc keys.
  AttentionNest with_tiles(std::int64_t rows, std::int64_t keys) const;

  bool operator==(const AttentionNest&) const = default;
};

/// The nest as a choice of tiled_attention: its tiles, and the parameters that its kind uses.
AlgorithmChoice choice_of(const AttentionNest& nest);

/// The nest that parameters name, all but its score tile. REQUIRES: every parameter has a value.
AttentionNest nest_of(const ParamValues& params);

/// Each held block takes two of a task's tile slots.
inline constexpr std::int64_t kMostHeldBlocks = 24;

/// Exact costs of nests on one workload. REQUIRES: no block mask; the workload outlives it.
class NestCosts {
 public:
  explicit NestCosts(const Workload& workload);
  explicit NestCosts(Workload&&) = delete;

  /// Query rows of a plane.
  std::int64_t rows() const { return rows_; }

  /// The nest with every size cut to its extent and what its kind or the mask does not use at its
  /// default; held_blocks and q_columns are what the nest really keeps.
  AttentionNest effective(AttentionNest nest) const;

  /// Traffic by tensor. REQUIRES here and below: nest is effective().
  ClosedForm closed_form(const AttentionNest& nest) const;

  /// Tiles live at once at their largest, kernel by kernel.
  std::vector<std::vector<TileShape>> footprint(const AttentionNest& nest) const;

  /// The same where every element is a word: all traffic, and the most that a kernel holds.
  std::uint64_t words(const AttentionNest& nest) const;
  std::uint64_t footprint_words(const AttentionNest& nest) const;

 private:
  ClosedForm at_once(const AttentionNest& nest) const;
  ClosedForm stored(const AttentionNest& nest) const;
  ClosedForm kept(const AttentionNest& nest) const;

  const Workload& w_;
  MaskCounts counts_;
  std::int64_t rows_;
  std::uint64_t planes_;
};

}  // namespace attnsim
