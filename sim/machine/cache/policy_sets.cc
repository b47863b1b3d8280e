#include "sim/machine/cache/policy_sets.h"

#include <algorithm>
#include <bit>

#include "sim/core/error.h"
#include "sim/machine/cache/mix.h"

namespace attnsim::machine {

PolicySets::PolicySets(const std::string& policy, const PolicyGeometry& g)
    : ways_(g.ways),
      policy_(make_policy(policy, g)),
      keys_(std::size_t{g.sets} * g.ways),
      tags_(keys_.size()),
      valid_(keys_.size()),
      dirty_(keys_.size()),
      first_empty_(g.sets) {
  ATTNSIM_CHECK(keys_.size() < (std::size_t{1} << 31), "too many lines in one cache");
  if (ways_ > kMostScannedWays) table_.resize(std::bit_ceil(4 * keys_.size()));
}

Touched PolicySets::touch(std::uint32_t set, const Touch& t) {
  std::size_t slot = find(set, t.key);
  Touched out;
  const bool present = slot != kNone;
  out.missing = static_cast<UnitMask>(t.units & ~(present ? valid_[slot] : 0));
  if (!t.allocates && out.missing == t.units) {
    out.used = false;
    return out;
  }
  if (present) {
    if (t.counts_as_use) policy_->hit(set, way(set, slot));
  } else {
    slot = make_room(set, out.victim);
    keys_[slot] = t.key;
    tags_[slot] = t.tag;
    if (!table_.empty()) table_insert(slot, set);
    policy_->fill(set, way(set, slot));
  }
  const UnitMask here = t.allocates ? t.units : static_cast<UnitMask>(t.units & valid_[slot]);
  valid_[slot] |= here;
  if (t.dirties) dirty_[slot] |= here;
  return out;
}

std::size_t PolicySets::make_room(std::uint32_t set, Victim& victim) {
  const auto begin = valid_.begin() + static_cast<std::ptrdiff_t>(first(set));
  const auto empty = std::find(begin + first_empty_[set], begin + ways_, UnitMask{0});
  first_empty_[set] = static_cast<std::uint32_t>(empty - begin);
  if (first_empty_[set] < ways_) return first(set) + first_empty_[set];
  const std::size_t slot = first(set) + policy_->victim(set);
  victim = {keys_[slot], tags_[slot], valid_[slot], dirty_[slot]};
  if (!table_.empty()) table_erase(slot, set);
  valid_[slot] = dirty_[slot] = 0;
  return slot;
}

Victim PolicySets::invalidate(std::uint32_t set, std::uint64_t key, std::uint16_t) {
  const std::size_t slot = find(set, key);
  if (slot == kNone) return {};
  const Victim out{keys_[slot], tags_[slot], valid_[slot], dirty_[slot]};
  if (!table_.empty()) table_erase(slot, set);
  valid_[slot] = dirty_[slot] = 0;
  first_empty_[set] = std::min(first_empty_[set], way(set, slot));
  return out;
}

bool PolicySets::mark_dirty(std::uint32_t set, std::uint64_t key, std::uint16_t) {
  const std::size_t slot = find(set, key);
  if (slot == kNone) return false;
  dirty_[slot] = valid_[slot];
  return true;
}

void PolicySets::copy(std::uint32_t from, std::uint32_t to) {
  std::copy_n(keys_.data() + first(from), ways_, keys_.data() + first(to));
  std::copy_n(tags_.data() + first(from), ways_, tags_.data() + first(to));
  std::copy_n(valid_.data() + first(from), ways_, valid_.data() + first(to));
  std::copy_n(dirty_.data() + first(from), ways_, dirty_.data() + first(to));
  first_empty_[to] = first_empty_[from];
  policy_->copy_set(from, to);
}

bool PolicySets::same(std::uint32_t a, std::uint32_t b) const {
  for (std::uint32_t w = 0; w < ways_; ++w) {
    const std::size_t x = first(a) + w;
    const std::size_t y = first(b) + w;
    if (valid_[x] != valid_[y] || dirty_[x] != dirty_[y]) return false;
    if (valid_[x] != 0 && (keys_[x] != keys_[y] || tags_[x] != tags_[y])) return false;
  }
  return policy_->same_set(a, b);
}

std::size_t PolicySets::find(std::uint32_t set, std::uint64_t key) const {
  if (table_.empty()) {
    for (std::size_t slot = first(set); slot < first(set) + ways_; ++slot) {
      if (keys_[slot] == key && valid_[slot] != 0) return slot;
    }
    return kNone;
  }
  const std::size_t mask = table_.size() - 1;
  for (std::size_t cell = home(set, key); table_[cell].slot != 0; cell = (cell + 1) & mask) {
    if (table_[cell].key_bits != static_cast<std::uint32_t>(key)) continue;
    const std::size_t slot = table_[cell].slot - 1;
    if (keys_[slot] == key && slot - first(set) < ways_) return slot;
  }
  return kNone;
}

bool PolicySets::states_are_visible() const {
  std::vector<std::uint64_t> out;
  return policy_->append_order(0, out) || policy_->append_state(0, out);
}

void PolicySets::translate(const std::vector<std::uint64_t>& keys_by_tag) {
  std::fill(table_.begin(), table_.end(), Cell{});
  for (std::size_t slot = 0; slot < keys_.size(); ++slot) {
    if (valid_[slot] == 0) continue;
    if (tags_[slot] < keys_by_tag.size()) keys_[slot] += keys_by_tag[tags_[slot]];
    if (!table_.empty()) table_insert(slot, static_cast<std::uint32_t>(slot / ways_));
  }
}

/// Eight neighbouring keys have neighbouring cells: runs stay within cache lines.
std::size_t PolicySets::home(std::uint32_t set, std::uint64_t key) const {
  const std::uint64_t block = mix64(key / 8 ^ (std::uint64_t{set} << 40));
  return (block * 8 + key % 8) & (table_.size() - 1);
}

void PolicySets::table_insert(std::size_t slot, std::uint32_t set) {
  std::size_t cell = home(set, keys_[slot]);
  while (table_[cell].slot != 0) cell = (cell + 1) & (table_.size() - 1);
  table_[cell] = {static_cast<std::uint32_t>(slot + 1), static_cast<std::uint32_t>(keys_[slot])};
}

void PolicySets::table_erase(std::size_t slot, std::uint32_t set) {
  const std::size_t mask = table_.size() - 1;
  std::size_t hole = home(set, keys_[slot]);
  while (table_[hole].slot != slot + 1) hole = (hole + 1) & mask;
  for (std::size_t cell = (hole + 1) & mask; table_[cell].slot != 0; cell = (cell + 1) & mask) {
    const std::size_t other = table_[cell].slot - 1;
    const std::size_t wanted = home(static_cast<std::uint32_t>(other / ways_), keys_[other]);
    // Moves back into the hole unless its home lies after the hole.
    if (((cell - wanted) & mask) >= ((cell - hole) & mask)) {
      table_[hole] = table_[cell];
      hole = cell;
    }
  }
  table_[hole] = {};
}

}  // namespace attnsim::machine
