// Coordinates as a kernel body sees them: opaque numbers that place tiles.
//
// A replay may leave out tasks and iterations that are translated copies of ones it has seen, but
// only along a coordinate of which the body is an affine function. So a body can use an Index as a
// block coordinate of a region or a mask, can scale, shift and divide it (the KV head of a query
// head), and nothing else: `if (j == 7)` does not compile. Whoever needs the number asks for
// value(), which is noted: along that coordinate nothing is left out. What a body may decide on is
// the kind of the current run (task.h).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <numeric>

namespace attnsim {

/// What has been done with a coordinate besides placing tiles.
struct Observation {
  bool value_read = false;  // something depends on the number in a way that nobody can foresee
  std::int64_t period = 1;  // common multiple of what it was divided by
};

/// A block coordinate: a plain number, a coordinate of the task in its grid, or a loop index.
class Index {
 public:
  Index() = default;
  Index(std::int64_t fixed) : raw_(fixed) {}  // NOLINT(google-explicit-constructor): a coordinate
  /// Notes in `seen`, which outlives the index, what is done with it.
  Index(std::int64_t raw, Observation* seen) : raw_(raw), seen_(seen) {}

  /// The number itself. Ends repetition along this coordinate: use it only where nothing else does.
  std::int64_t value() const {
    for (Observation* seen : {seen_, also_seen_}) {
      if (seen != nullptr) seen->value_read = true;
    }
    return raw_;
  }

  Index operator*(std::int64_t factor) const { return with_raw(raw_ * factor); }
  Index operator+(std::int64_t offset) const { return with_raw(raw_ + offset); }

  /// The sum of two coordinates (a chunk of a plane: plane * chunks + chunk), affine in both.
  Index operator+(const Index& other) const {
    Index out = with_raw(raw_ + other.raw_);
    out.depend_on(other.seen_);
    out.depend_on(other.also_seen_);
    return out;
  }

  /// floor(index / divisor). REQUIRES: index >= 0, divisor >= 1.
  Index divided(std::int64_t divisor) const {
    for (Observation* seen : {seen_, also_seen_}) {
      if (seen != nullptr) seen->period = std::lcm(seen->period, divisor);
    }
    return with_raw(raw_ / divisor);
  }

 private:
  friend class AttentionMask;
  friend struct ColumnBlock;
  friend class Loop;
  friend class Tensor;
  friend struct Run;

  Index with_raw(std::int64_t raw) const {
    Index out = *this;
    out.raw_ = raw;
    return out;
  }

  /// The number moves with one more coordinate. Two are kept apart; of a third nothing is left out.
  void depend_on(Observation* coordinate) {
    if (coordinate == nullptr || coordinate == seen_ || coordinate == also_seen_) return;
    if (seen_ == nullptr) {
      seen_ = coordinate;
    } else if (also_seen_ == nullptr) {
      also_seen_ = coordinate;
    } else {
      coordinate->value_read = true;
      static_cast<void>(value());
    }
  }

  std::int64_t raw_ = 0;
  Observation* seen_ = nullptr;
  Observation* also_seen_ = nullptr;  // of the other coordinate of a sum
};

/// How a tile meets the mask.
enum class TileKind : std::uint8_t {
  full,      // every element is visible: no mask needed
  diagonal,  // cut by the right edge of the band (causal)
  partial,   // cut by the left edge (window), or by both
};

/// Consecutive tile indices of one kind. `tag` is free for the algorithm (first visit, ...); a
/// replay never skips across a run boundary.
struct Run {
  std::int64_t begin = 0;
  std::int64_t end = 0;  // one past the last
  TileKind kind = TileKind::full;
  std::uint8_t tag = 0;
  bool descending = false;  // visited from the last to the first
  /// Where the run lies depends on this coordinate, so that its indices do, too.
  Observation* coordinate = nullptr;

  std::int64_t size() const { return end - begin; }
  /// The n-th index visited.
  std::int64_t at(std::int64_t n) const { return descending ? end - 1 - n : begin + n; }

  /// The rows of the i-th block of `size`; the last block is clipped at `extent`.
  static Run within_block(Index i, std::int64_t size, std::int64_t extent) {
    // A sum of coordinates cannot be told apart here.
    const std::int64_t first = (i.also_seen_ == nullptr ? i.raw_ : i.value()) * size;
    return {.begin = first,
            .end = first + size < extent ? first + size : extent,
            .coordinate = i.also_seen_ == nullptr ? i.seen_ : nullptr};
  }
};

}  // namespace attnsim
