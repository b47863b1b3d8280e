// A block mask as a workload names it, and what the catalogue says about its generator.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/core/params.h"

namespace attnsim {

/// The kind of a mask whose blocks are listed instead of generated.
inline constexpr const char* kRecordedMask = "recorded";

/// The visible blocks of one plane in compressed rows: those of block row I are
/// col_idx[row_ptr[I] .. row_ptr[I + 1]], ascending.
struct BlockLists {
  std::vector<std::int64_t> row_ptr;
  std::vector<std::int64_t> col_idx;
  bool operator==(const BlockLists&) const = default;
};

/// The score matrix of every (batch, head) is cut into block x block squares from its top-left
/// corner (the last ones are clipped). An element can be seen when its block is, and the workload's
/// causal and window limits allow it.
struct MaskSpec {
  std::string kind;  // a generator of the catalogue, or kRecordedMask
  std::int64_t block = 64;
  ParamValues params{};    // of the generator
  std::uint64_t seed = 1;  // of generators that draw
  /// kRecordedMask: one plane for all (batch, head), or one each, batch-major.
  std::vector<BlockLists> recorded{};

  bool operator==(const MaskSpec&) const = default;
};

/// What a generator says about itself.
struct MaskInfo {
  std::string name;
  std::string summary;  // one line: which blocks
  std::string source;   // the paper that uses it
  std::vector<ParamSpec> params{};
  bool draws = false;  // random, and different in every (batch, head)
};

}  // namespace attnsim
