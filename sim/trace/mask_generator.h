// Generators of block masks. One is one .cc file of sim/trace/masks that registers itself: which
// blocks may the queries of block row i of a plane see?
//
// Rules are stated in blocks. The mask is aligned bottom-right: the diagonal of block row i is the
// key block that holds the last query's own key, key r + seqlen_kv - seqlen_q of query r.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sim/core/mask_spec.h"
#include "sim/core/registry.h"

namespace attnsim {

/// One block row of one plane, and the parameters of the mask it belongs to.
struct MaskQuery {
  std::int64_t plane = 0;  // batch * heads + head; generators that do not draw never look at it
  std::int64_t i = 0;      // block row
  std::int64_t rows = 1;   // block rows of the plane
  std::int64_t cols = 1;   // key blocks of the plane
  /// The key block of the diagonal; negative where the last query of row i has no own key.
  std::int64_t diagonal = 0;
  std::int64_t block = 64;
  const ParamValues& params;
  std::uint64_t seed = 1;

  /// Blocks that `tokens` tokens reach across, rounded up.
  std::int64_t reach(const char* tokens) const {
    return (params.integer(tokens) + block - 1) / block;
  }

  /// Uniform in 0 .. bound - 1: Philox4x32-10 with the seed as key at counter (plane, row, draw),
  /// scaled by a multiplication. REQUIRES: bound >= 1.
  std::int64_t draw(std::int64_t bound, std::int64_t row, std::int64_t number) const;
};

/// Key blocks, in any order; what lies outside 0 .. cols - 1 is ignored, so rules need no clipping.
using BlockSet = std::vector<std::int64_t>;

/// Adds the blocks first .. last, clipped to the plane: a long reach costs no time.
void add_range(BlockSet& blocks, const MaskQuery& q, std::int64_t first, std::int64_t last);

/// Adds `count` blocks of 0 .. cols - 1 that are not in the set yet, each choice equally likely
/// (all that are left when there are fewer). They are the `count` first picks of a Fisher-Yates
/// shuffle of the blocks left, ascending.
void add_random(BlockSet& blocks, const MaskQuery& q, std::int64_t count);

struct MaskGenerator {
  MaskInfo info;
  BlockSet (*blocks)(const MaskQuery&);
};

using MaskRegistry = Registry<MaskGenerator (*)()>;

/// All generators by name.
std::vector<MaskInfo> mask_catalogue();

/// A parameter that is an integer of at least `minimum`.
ParamSpec integer_param(const char* name, const char* unit, std::int64_t minimum,
                        const char* default_value, const char* doc);

}  // namespace attnsim

/// Registers a function that returns a MaskGenerator under its name. One per file.
#define ATTNSIM_REGISTER_MASK(name, ...)                                  \
  [[maybe_unused]] const bool attnsim_registered = [] {                   \
    ::attnsim::MaskRegistry::instance().add(name, __VA_ARGS__, __FILE__); \
    return true;                                                          \
  }()
