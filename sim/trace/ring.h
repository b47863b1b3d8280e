// A ring of equal storage slots for running ahead: a producer fills the next slot while consumers
// still use the values before it.
//
// Storage and value have two lifetimes. The ring owns the storage; acquire() lends one slot, in
// turn, to a value whose scope is the Slot handle. Acquiring a slot whose last value is still in
// scope is an error at the emission: on a machine that kernel would deadlock.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "sim/trace/agent.h"
#include "sim/trace/trace_error.h"

namespace attnsim {

class Ring {
 public:
  /// The right to one slot. Move-only; the ring outlives it.
  class Slot {
   public:
    Slot(Slot&& other) noexcept : ring_(std::exchange(other.ring_, nullptr)), at_(other.at_) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(ring_, other.ring_);
      std::swap(at_, other.at_);
      return *this;
    }
    Slot(const Slot&) = delete;
    Slot& operator=(const Slot&) = delete;
    ~Slot() {
      if (ring_ != nullptr) ring_->in_use_[at_] = false;
    }
    Tile& tile() { return ring_->tiles_[at_]; }

   private:
    friend class Ring;
    Slot(Ring& ring, std::size_t at) : ring_(&ring), at_(at) {}
    Ring* ring_;
    std::size_t at_;
  };

  /// `stages` slots of rows x cols elements.
  Ring(Agent agent, int stages, Role role, std::int64_t rows, std::int64_t cols, DType dtype)
      : in_use_(static_cast<std::size_t>(stages), false) {
    for (int i = 0; i < stages; ++i) tiles_.push_back(agent.alloc(role, rows, cols, dtype));
  }

  Slot acquire() {
    const std::size_t at = next_;
    if (in_use_[at]) {
      throw TraceError("ring: slot " + std::to_string(at) +
                       " acquired while its last value is still in scope (a ring of " +
                       std::to_string(tiles_.size()) + " stages would deadlock)");
    }
    next_ = (next_ + 1) % tiles_.size();
    in_use_[at] = true;
    return Slot(*this, at);
  }

 private:
  std::vector<Tile> tiles_;
  std::vector<bool> in_use_;
  std::size_t next_ = 0;
};

}  // namespace attnsim
