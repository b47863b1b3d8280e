// A recorded sequence of accesses that knows, for every line used, when it is used next: what an
// off-line policy needs. Time counts line accesses from 0.
//
// Next uses are kept as pieces: lines of one access whose next uses follow each other too. Memory:
// 32 bytes per access, 8 per piece, and while prepare() runs 8 per distinct line.
#pragma once

#include <cstdint>

#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/growing_array.h"

namespace attnsim::machine {

inline constexpr std::uint64_t kNever = ~std::uint64_t{0};

/// The next `count` lines of the access are used next at next, next + 1, ... or, all of them,
/// never.
struct NextUses {
  std::uint64_t next = kNever;
  std::uint64_t count = 0;
};

/// The same in one word: 48 bits of time, 16 of the number of lines.
class PackedUses {
 public:
  static constexpr std::uint64_t kMostLines = 0xffff;
  static constexpr std::uint64_t kLatest = kNever >> 16U;  // stands for never

  /// REQUIRES: next is before kLatest or never; count is at most kMostLines.
  explicit PackedUses(const NextUses& uses) : word_(uses.next << 16U | uses.count) {}
  NextUses unpacked() const {
    const std::uint64_t next = word_ >> 16U;
    return {next == kLatest ? kNever : next, word_ & kMostLines};
  }

 private:
  std::uint64_t word_;
};

class RecordedUses {
 public:
  struct Access {
    LineAccess what;
    std::uint64_t time = 0;  // of its first line
  };

  void record(const LineAccess& access);

  /// Finds the next uses, going backwards. Afterwards take() hands them out in order.
  void prepare();
  const GrowingArray<Access>& accesses() const { return accesses_; }
  std::uint64_t duration() const { return duration_; }
  /// The next piece, once; pieces end with their access.
  NextUses take();
  /// The access a time lies in: a few steps.
  const Access& at(std::uint64_t time);

 private:
  std::uint64_t end_of(std::size_t access) const {
    return accesses_[access].time + accesses_[access].what.lines.count;
  }

  GrowingArray<Access> accesses_;
  std::uint64_t duration_ = 0;
  GrowingArray<PackedUses> pieces_;      // the last one first
  GrowingArray<std::uint32_t> at_word_;  // by time / 64: the access that the first time lies in
  std::size_t found_ = 0;                // the access that at() found last
};

}  // namespace attnsim::machine
