// A tile handle: storage on chip that lives until the handle's scope ends.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "sim/trace/emitter.h"
#include "sim/trace/index.h"

namespace attnsim {

/// Move-only. Leaving the scope (or assigning over it) drops the tile, so footprint and lifetime
/// are the code's own structure. The emitter outlives its tiles.
class Tile {
 public:
  Tile() = default;
  Tile(Emitter& emitter, int agent, std::uint32_t slot, std::int64_t rows, std::int64_t cols)
      : emitter_(&emitter),
        slot_(slot),
        rows_(static_cast<std::int32_t>(rows)),
        cols_(static_cast<std::int32_t>(cols)),
        agent_(agent) {}
  Tile(Tile&& other) noexcept { *this = std::move(other); }
  Tile& operator=(Tile&& other) noexcept {
    if (this != &other) {
      drop();
      emitter_ = std::exchange(other.emitter_, nullptr);
      slot_ = std::exchange(other.slot_, kNoSlot);
      rows_ = other.rows_;
      cols_ = other.cols_;
      agent_ = other.agent_;
    }
    return *this;
  }
  Tile(const Tile&) = delete;
  Tile& operator=(const Tile&) = delete;
  ~Tile() { drop(); }

  /// Shape of the current value (of the storage while there is none).
  std::int64_t rows() const { return rows_; }
  std::int64_t cols() const { return cols_; }

  /// kNoSlot once dropped or moved from.
  std::uint32_t slot() const { return slot_; }

  /// Ends the tile before its scope does.
  void drop() noexcept {
    if (emitter_ == nullptr) return;
    TileOp& record = emitter_->push_quietly(Op::drop, agent_);
    record.t[0] = slot_;
    record.m = rows_;
    record.n = cols_;
    emitter_->give_slot(slot_);
    emitter_ = nullptr;
    slot_ = kNoSlot;
  }

 private:
  friend class Agent;
  Emitter* emitter_ = nullptr;
  std::uint32_t slot_ = kNoSlot;
  std::int32_t rows_ = 0, cols_ = 0;
  int agent_ = 0;
};

/// The j-th block of `size` columns of a tile; the last one is clipped.
struct ColumnBlock {
  ColumnBlock(const Tile& t, Index j, std::int64_t size)
      : tile(&t), col(j.raw_ * size), cols(std::min(size, t.cols() - col)) {}

  const Tile* tile;
  std::int64_t col, cols;
};

/// A tile as the input of a matrix product, transposed or not.
struct MatrixOperand {
  MatrixOperand(const Tile& t) : tile(&t) {}  // NOLINT(google-explicit-constructor)
  MatrixOperand(const Tile& t, bool flip) : tile(&t), transposed(flip) {}
  std::int64_t rows() const { return transposed ? tile->cols() : tile->rows(); }
  std::int64_t cols() const { return transposed ? tile->rows() : tile->cols(); }

  const Tile* tile;
  bool transposed = false;
};

inline MatrixOperand transposed(const Tile& tile) { return {tile, true}; }

}  // namespace attnsim
