// The block mask of a workload: which blocks of the score matrix can be seen, and which elements.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "sim/core/workload.h"
#include "sim/trace/mask_generator.h"

namespace attnsim {

/// Visible blocks of one plane by block row and by key block; all lists ascend.
struct PlaneBlocks {
  std::vector<std::vector<std::int32_t>> by_row, by_col;

  bool shows(std::int64_t i, std::int64_t j) const;
};

/// Planes are generated when they are asked for; the newest are kept. Not to be shared between
/// threads.
class BlockMask {
 public:
  /// REQUIRES: the workload has a mask. Throws UserError when its kind is no generator, or recorded
  /// lists do not fit the workload.
  explicit BlockMask(const Workload& workload);

  std::int64_t block() const { return spec_.block; }
  std::int64_t rows() const { return rows_; }  // block rows of a plane
  std::int64_t cols() const { return cols_; }  // key blocks

  /// False when all planes have the same blocks.
  bool differs_by_plane() const { return planes_ > 1; }
  std::int64_t planes() const { return planes_; }

  /// The blocks of a plane (batch * heads + head). Valid until the next call.
  const PlaneBlocks& plane(std::int64_t plane) const;

  /// Whether query row `row` (planes flattened: plane * seqlen_q + position) sees key `key`, within
  /// the workload's causal and window limits. REQUIRES: holds(row, 1, key, 1).
  bool shows(std::int64_t row, std::int64_t key) const;

  /// Whether these rows (planes flattened) and keys lie in the score matrices.
  bool holds(std::int64_t row, std::int64_t rows, std::int64_t key, std::int64_t keys) const {
    return row >= 0 && row + rows <= all_rows_ && key >= 0 && key + keys <= seqlen_kv_;
  }

 private:
  PlaneBlocks generate(std::int64_t plane) const;
  BlockSet row_of(std::int64_t plane, std::int64_t i) const;
  void check_recorded() const;

  MaskSpec spec_;
  std::int64_t seqlen_q_, seqlen_kv_;
  std::int64_t all_rows_;  // of all planes
  std::int64_t lo_, hi_;
  std::int64_t rows_, cols_;
  std::int64_t planes_;  // that differ
  BlockSet (*generator_)(const MaskQuery&) = nullptr;
  mutable std::map<std::int64_t, PlaneBlocks> kept_;
  mutable std::size_t kept_blocks_ = 0;
};

/// nullptr when the workload has no block mask.
std::shared_ptr<const BlockMask> block_mask_of(const Workload& workload);

}  // namespace attnsim
