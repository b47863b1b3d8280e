// What the caches around a SetCache do to it (see cache_tree.h).
#include "sim/core/error.h"
#include "sim/machine/cache/set_cache.h"

namespace attnsim::machine {

LeavingLine SetCache::invalidate(std::uint64_t line, std::uint16_t tag) {
  ATTNSIM_CHECK(!classes_, "only a cache with a listener is tied to others");
  const std::uint32_t set = index_(line);
  const Victim was = ordered_sets_ ? ordered_sets_->invalidate(set, key_of(line), tag)
                                   : policy_sets_->invalidate(set, key_of(line), tag);
  return {line, tag, was.valid, was.dirty};
}

bool SetCache::mark_dirty(std::uint64_t line, std::uint16_t tag) {
  ATTNSIM_CHECK(!classes_, "only a cache with a listener is tied to others");
  const std::uint32_t set = index_(line);
  return ordered_sets_ ? ordered_sets_->mark_dirty(set, key_of(line), tag)
                       : policy_sets_->mark_dirty(set, key_of(line), tag);
}

bool SetCache::take(std::uint64_t line, std::uint16_t tag) {
  CacheCounts& counts = counts_of(tag);
  ++counts.accesses;
  if (config_.classes != MissClasses::none) counts.cold += touched_.mark({line, 1});
  const LeavingLine was = invalidate(line, tag);
  if (was.valid != 0) return was.dirty != 0;
  ++counts.read_misses;
  ++counts.fills;
  below_.exchange({}, {line, 1, all_units_, tag}, {});
  below_.flush();
  return false;
}

void SetCache::put(std::uint64_t line, std::uint16_t tag, bool dirty) {
  ATTNSIM_CHECK(!classes_, "only a cache with a listener is tied to others");
  counts_of(tag);
  const std::uint32_t set = index_(line);
  const Touch touch{.key = key_of(line), .tag = tag, .units = all_units_, .dirties = dirty};
  Touched touched =
      ordered_sets_ ? ordered_sets_->touch(set, touch) : policy_sets_->touch(set, touch);
  const Piece piece{line, set, 1};
  if (touched.victim.valid != 0) evict(piece, touched.victim);
  below_.write(victims_of(piece, touched.victim));
  below_.flush();
}

}  // namespace attnsim::machine
