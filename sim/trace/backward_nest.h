// The backward pass as a family of loop nests: their sizes, what they keep on chip, what they move.
// algorithms/tiled_backward.cc executes a nest; analysis/schedules looks for the best.
//
// One plane is the R = group * seqlen_q query rows that share a KV head (GQA packed) against its Nk
// keys. Every nest visits all tiles: a mask hides elements, and saves nothing. What the gradient
// of the scores becomes once it is formed makes the kind of nest:
//
//   keys_outside  Bc keys with their dK and dV stay while the rows pass, Br at a time; dQ is added
//                 up in memory. The first block of keys stores dQ and finds D on its way.
//   rows_outside  Br rows with their dQ stay while the keys pass, Bc at a time; dK and dV are added
//                 up in memory. The first block of rows stores them.
//   ds_stored     as keys_outside, but dS goes to memory, and dQ = dS K is a product of matrices;
//   so
//                 is dK = dS^T Q, unless dk_held.
//   stored        P, then dS, in tiles of their own; dV = P^T dO, dK and dQ are products.
//
// A nest that forms the scores twice instead is two_kernel_backward.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/core/run_spec.h"
#include "sim/core/workload.h"
#include "sim/trace/closed_form.h"
#include "sim/trace/product_kernel.h"
#include "sim/trace/target.h"

namespace attnsim {

/// A tile of P or dS of `rows` rows and `strips` strips of `keys` keys, formed from single columns;
/// the first `columns` of Q (of dO) stay while keys pass. dS meets P strip by strip.
struct ScoreTiles {
  std::int64_t rows = 1, keys = 1, strips = 1, columns = 0;
  std::int64_t width() const { return keys * strips; }
  bool operator==(const ScoreTiles&) const = default;
};

/// Each strip takes one of a task's tile slots.
inline constexpr std::int64_t kMostStrips = 32;

/// Sizes that are too large mean the whole extent. Those that a kind does not name are unused.
struct BackwardNest {
  enum class Kind : std::uint8_t { keys_outside, rows_outside, ds_stored, stored };

  Kind kind = Kind::keys_outside;
  std::int64_t Br = 1, Bc = 1;  // not of stored
  bool dk_held = false;         // ds_stored
  ScoreTiles p{}, d_s{};        // stored
  ProductTiles d_v{}, d_k{}, d_q{};

  /// The same with tiles of Br rows and Bc keys; stored: those of P.
  BackwardNest with_tiles(std::int64_t rows, std::int64_t keys) const;

  bool operator==(const BackwardNest&) const = default;
};

/// The nest as a choice of tiled_backward: its tiles, and the parameters that its kind uses.
AlgorithmChoice choice_of(const BackwardNest& nest);

/// What tiled_backward asks for beside its tiles.
std::vector<ParamSpec> backward_nest_parameters();

/// The nest that parameters name, all but its score tile (stored: that of P). Throws UserError when
/// a tile has more strips than a task has slots for. REQUIRES: every parameter has a value.
BackwardNest backward_nest_of(const ParamValues& params);

/// Exact costs of nests on one workload, which outlives it.
class BackwardCosts {
 public:
  explicit BackwardCosts(const Workload& workload);
  explicit BackwardCosts(Workload&&) = delete;

  /// Query rows of a plane.
  std::int64_t rows() const { return rows_; }

  /// The nest with every size cut to its extent and what its kind does not use at its default.
  BackwardNest effective(BackwardNest nest) const;

  /// Traffic by tensor. REQUIRES here and below: sizes are effective.
  ClosedForm closed_form(const BackwardNest& nest) const;

  /// Tiles live at once at their largest, moment by moment.
  std::vector<std::vector<TileShape>> footprint(const BackwardNest& nest) const;

  /// The same where every element is a word: all traffic, and the most that is held.
  std::uint64_t words(const BackwardNest& nest) const;
  std::uint64_t footprint_words(const BackwardNest& nest) const;

  /// Of one kernel of `stored` or `ds_stored`, for a plane, in words.
  struct KernelCost {
    std::uint64_t words = 0, footprint = 0;
  };
  KernelCost p(const ScoreTiles& t) const { return scores(t, w_.head_dim, false); }
  KernelCost d_s(const ScoreTiles& t) const { return scores(t, w_.head_dim_v, true); }
  /// C [m, n] of `depth` products each.
  static KernelCost product(const ProductTiles& t, std::int64_t m, std::int64_t n,
                            std::int64_t depth);

 private:
  KernelCost scores(const ScoreTiles& t, std::int64_t width, bool reads_p) const;
  ClosedForm by_keys(const BackwardNest& nest) const;
  ClosedForm by_rows(const BackwardNest& nest) const;
  ClosedForm stored(const BackwardNest& nest) const;
  void add_product(ClosedForm& form, const ProductTiles& t, std::string_view left,
                   std::string_view right, std::string_view to) const;

  const Workload& w_;
  std::int64_t rows_;
  std::uint64_t planes_;
};

}  // namespace attnsim
