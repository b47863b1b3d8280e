// Choosing tile sizes: released, fit, paper or explicit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/core/run_spec.h"
#include "sim/trace/closed_form.h"
#include "sim/trace/target.h"

namespace attnsim {

/// One or two tile sizes, in the order of AlgorithmInfo::tiles (Br, Bc; or B, with second = 1).
struct TileSizes {
  std::int64_t first = 0;
  std::int64_t second = 0;
  bool operator==(const TileSizes&) const = default;
};

/// What an algorithm knows about its tiles on one workload and target. The solver, the report and
/// the tests read the same model.
class TileModel {
 public:
  virtual ~TileModel() = default;

  /// Sizes above these are useless: a larger block would be clipped to them.
  virtual TileSizes limits() const = 0;

  /// Tiles live at once, at their largest. Growing a size never shrinks it.
  virtual std::vector<TileShape> footprint(TileSizes sizes) const = 0;

  /// Exact traffic across the boundary outside the on-chip memories.
  virtual ClosedForm closed_form(TileSizes sizes) const = 0;

  /// True when a larger second size never adds traffic or iterations, so that for each first size
  /// only the largest second one that fits need be looked at.
  virtual bool second_only_helps() const { return false; }

  /// The work of evaluating closed_form(), in formulas without loops: `fit` looks at fewer sizes
  /// where it is much.
  virtual std::uint64_t closed_form_cost() const { return 1; }

  /// Trips of the innermost tile loop without a mask: breaks ties of equal I/O.
  virtual std::uint64_t iterations(TileSizes sizes) const = 0;

  /// The released kernel's sizes; empty where its table does not have the case.
  virtual std::optional<TileSizes> released() const { return std::nullopt; }

  /// The paper's formula.
  virtual TileSizes paper() const = 0;
};

/// Tile sizes by name, as results and trace files show them.
using NamedSizes = std::vector<std::pair<std::string, std::int64_t>>;

struct ChosenTiles {
  TileSizes sizes{};
  TileRule rule = TileRule::fit;
  /// The solver looked at multiples of this only (1: every size, so the optimum is exact).
  std::int64_t granularity = 1;
  /// What the one size or the two are called; empty where none were chosen.
  std::vector<std::string> names{};

  NamedSizes named() const;
};

/// Applies the rule to the sizes AlgorithmInfo::tiles names for loop nest `nest` (its pair number
/// `nest`; one size may be all it has). Throws UserError when `released` has no such case, when an
/// explicit size is not positive, or when not even the smallest block fits (`fit`).
ChosenTiles choose_tiles(const TileChoice& choice, const AlgorithmInfo& info,
                         const TileModel& model, const Target& target, std::size_t nest = 0);

/// Block sizes of FlashAttention, Dao et al., arXiv 2205.14135, Algorithms 1 and 4, line 1: Bc =
/// ceil(M / 4d), Br = min(Bc, d) for M words of memory, as (Br, Bc) within `limits`. They overflow
/// M unless M >= 8 d^2 (backward: always).
TileSizes flash_attention_sizes(const Target& target, std::int64_t head_dim, TileSizes limits);

/// The same with the roles of rows and columns swapped, as the loop order of FlashAttention-2 asks,
/// whose papers give no formula: Br = ceil(M / 4d), Bc = min(Br, d).
TileSizes rows_outside_sizes(const Target& target, std::int64_t head_dim, TileSizes limits);

/// Square blocks of the size b = floor(sqrt(M / 4)), within `limits`: three of them and one to
/// spare, Saha and Ye, arXiv 2402.07443, Algorithm 1.
TileSizes square_block_sizes(const Target& target, TileSizes limits);

/// floor(sqrt(x)). REQUIRES: x >= 0.
std::int64_t integer_sqrt(std::int64_t x);

/// The least total traffic in bytes whose footprint fits, over all sizes; ties go to fewer
/// iterations, then to the smaller footprint. Exact by enumeration of every feasible pair; above a
/// million pairs (weighed by closed_form_cost) both sizes are restricted to multiples of
/// `granularity`, which the result states. Empty when nothing fits.
std::optional<ChosenTiles> fit_tiles(const TileModel& model, const Target& target);

}  // namespace attnsim
