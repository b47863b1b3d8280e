// A cache of any shape, exact to the line: any number of sets and ways, any on-line policy,
// sectors, hashed or sliced placement, all write policies.
//
// Semantics, per unit (a line, or a sector of it) and in this order:
//   1. Hit: its line is present and the unit valid. The policy sees the use.
//   2. Miss that allocates: if the line is absent, the policy's victim leaves (dirty units written
//      below) and the line takes its place; the unit becomes valid. It is fetched, unless it is a
//      write that covers it and fetch_covered_writes is off.
//   3. Write miss without write-allocate: nothing changes here, the unit is written below.
//   4. A write that stays makes the unit dirty (write-back), or is written below (write-through).
// In a cache with sectors, uses of one line directly after each other are one use for the policy.
//
// Counts are in units. write_backs counts every unit written below before finish(), so it includes
// the writes of a write-through cache. Victims count for their own tag.
//
// Speed: LRU and FIFO of up to 64 ways without sectors keep their sets in order (OrderedSets), all
// else asks its policy (PolicySets). With modulo placement sets in equal states are simulated once
// (SetClasses), so a run costs per class it meets, not per line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/machine/cache/below_port.h"
#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/ordered_sets.h"
#include "sim/machine/cache/policy_sets.h"
#include "sim/machine/cache/recurring.h"
#include "sim/machine/cache/set_classes.h"
#include "sim/machine/cache/set_index.h"
#include "sim/machine/cache/touched_lines.h"

namespace attnsim::machine {

/// What is told about misses beyond their number (Hill, 1987). A cold miss is the first touch of
/// the unit. A conflict miss is one that a fully associative LRU cache of the same capacity and
/// write policies would not have; all others are capacity misses, as are all warm misses without
/// `three`.
enum class MissClasses : std::uint8_t {
  none,   // all in capacity
  cold,   // nearly free
  three,  // runs a second cache line by line beside this one: slow
};

struct SetCacheConfig {
  std::uint32_t sets = 1;
  std::uint32_t ways = 1;
  std::uint32_t sectors = 1;  // units per line, at most 8; accesses come in units
  std::string policy = "lru";
  std::uint64_t seed = 0;  // of policies that draw
  IndexKind index = IndexKind::modulo;
  std::uint32_t slices = 1;  // of sliced placement
  bool write_through = false;
  bool write_allocate = true;
  bool fetch_covered_writes = false;
  MissClasses classes = MissClasses::cold;
};

/// What is wrong with it, or empty. Unknown policies are reported by the constructor.
std::string fault_of(const SetCacheConfig& config);

/// A line that leaves a cache, and which of its units are valid and dirty.
struct LeavingLine {
  std::uint64_t line;
  std::uint16_t tag;
  UnitMask valid, dirty;
};

/// Sees lines leave to make room, before they are written below. Used to tie caches together.
class EvictionListener {
 public:
  virtual ~EvictionListener() = default;
  /// May make more units dirty. True: the line is taken over, nothing is to be written below.
  virtual bool evicted(LeavingLine& line) = 0;
};

class SetCache final : public CacheModel, public Recurring {
 public:
  /// Throws UserError for an unknown or off-line policy. REQUIRES: fault_of(config) is empty.
  /// A listener may call invalidate() and mark_dirty() while an access is under way.
  SetCache(const SetCacheConfig& config, Downstream& below, EvictionListener* listener = nullptr);

  using CacheModel::access;
  void access(const LineAccess& access) override;
  /// A second call does nothing. Lines stay, clean.
  void finish() override;
  CacheCounts counts(std::uint16_t tag) const override;

  const SetCacheConfig& config() const { return config_; }

  Recurring* recurring() override;
  std::uint64_t step() const override { return sets_ * config_.sectors; }
  void snapshot(const LinesByTag& origin, std::vector<std::uint64_t>& out,
                LinesByTag& lowest) override;
  void translate(const LinesByTag& by) override;
  void append_touched(LineRun lines, std::vector<std::uint64_t>& out) override;
  void mark_touched(LineRun lines) override { touched_.mark_run(lines); }

  /// Removes a line without counting; the answer says what it was (valid 0: it was not here).
  LeavingLine invalidate(std::uint64_t line, std::uint16_t tag);
  bool mark_dirty(std::uint64_t line, std::uint16_t tag);
  /// A use by an inner cache that the line moves to: a hit removes it, a miss is fetched past this
  /// cache. The answer: it was dirty here.
  bool take(std::uint64_t line, std::uint16_t tag);
  /// Puts in, without counting a use or fetching, a line that comes from an inner cache.
  void put(std::uint64_t line, std::uint16_t tag, bool dirty);
  /// To add to; hits, misses and capacity are not kept here.
  CacheCounts& counts_of(std::uint16_t tag) {
    if (tag >= counts_.size()) counts_.resize(tag + std::size_t{1});
    return counts_[tag];
  }

 private:
  static constexpr std::uint64_t kNoLine = ~std::uint64_t{0};

  /// Consecutive lines of one class of sets, or one line.
  struct Piece {
    std::uint64_t line;
    std::uint32_t set;
    std::uint64_t count;
  };

  template <typename Sets>
  void replay(Sets& sets, const LineAccess& access);
  template <typename Sets>
  void replay_lines(Sets& sets, LineRun lines, UnitMask units, const LineAccess& access);
  template <typename Sets>
  void replay_classes(Sets& sets, std::uint64_t line, std::uint32_t set, std::uint64_t count,
                      const Touch& touch, const LineAccess& access);
  template <typename Sets>
  void replay_line(Sets& sets, std::uint64_t line, Touch touch, const LineAccess& access);
  template <typename Sets>
  void isolate(Sets& sets, std::uint32_t start, std::uint32_t set, std::uint32_t next,
               std::uint32_t end);
  template <typename Sets>
  std::vector<std::pair<LineRun, Victim>> clean_all(Sets& sets);
  template <typename Sets>
  void append_sets(const Sets& sets, const LinesByTag& origin, std::vector<std::uint64_t>& out,
                   LinesByTag& lowest) const;

  void replay_classified(const LineAccess& access);
  Touch touch_of(std::uint64_t key, UnitMask units, const LineAccess& access) const;
  void settle(const Piece& piece, UnitMask units, const Touched& touched, const LineAccess& access);
  void settle_plain(const Piece& piece, const Victim& victim, const LineAccess& access);
  void evict(const Piece& piece, Victim& victim);
  UnitBlock victims_of(const Piece& piece, const Victim& victim) const;

  std::uint64_t key_of(std::uint64_t line) const {
    if (keyed_by_line_) return line;
    return shift_ >= 0 ? line >> shift_ : line / sets_;
  }
  std::uint64_t misses_of(std::uint16_t tag) {
    const CacheCounts& counts = counts_of(tag);
    return counts.read_misses + counts.write_misses;
  }
  std::uint64_t line_of(std::uint64_t key, std::uint32_t set) const {
    return keyed_by_line_ ? key : key * sets_ + set;
  }

  const SetCacheConfig config_;
  BelowPort below_;
  EvictionListener* listener_;
  const bool keyed_by_line_;
  const std::uint64_t sets_;
  const int shift_;  // log2 of sets_, or -1
  const UnitMask all_units_;
  SetIndex index_;
  const bool plain_;  // allocates all, writes back, no sectors; what lies below sees no order
  std::optional<OrderedSets> ordered_sets_;  // one of the two
  std::optional<PolicySets> policy_sets_;
  std::optional<SetClasses> classes_;  // where sets are alike
  std::unique_ptr<SetCache> shadow_;   // for MissClasses::three
  TouchedLines touched_;
  std::vector<CacheCounts> counts_;  // by tag; hits, misses and capacity follow from the others
  /// With sectors: the line accessed last, if that was a use.
  std::uint64_t last_used_ = kNoLine;
  std::uint16_t last_used_tag_ = 0;
};

}  // namespace attnsim::machine
