// Sets under any replacement policy, with sectors and any number of ways.
//
// With few ways a line is found by looking at all of them, else through a hash table (one probe or
// two); either way a touch costs O(1) beside what the policy costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/machine/cache/replacement.h"
#include "sim/machine/cache/set_touch.h"

namespace attnsim::machine {

class PolicySets {
 public:
  /// Throws UserError for an unknown or off-line policy.
  PolicySets(const std::string& policy, const PolicyGeometry& geometry);

  /// Whether sets of equal history are equal, and cheap to copy and compare.
  bool sets_are_alike() const { return table_.empty() && policy_->sets_are_alike(); }

  Touched touch(std::uint32_t set, const Touch& t);
  bool settled(std::uint32_t, const Touch&) const { return false; }
  Victim invalidate(std::uint32_t set, std::uint64_t key, std::uint16_t tag);
  bool mark_dirty(std::uint32_t set, std::uint64_t key, std::uint16_t tag);
  void copy(std::uint32_t from, std::uint32_t to);
  bool same(std::uint32_t a, std::uint32_t b) const;

  template <typename Visit>
  void clean(std::uint32_t set, Visit visit) {
    for (std::size_t slot = first(set); slot < first(set) + ways_; ++slot) {
      if (dirty_[slot] == 0) continue;
      visit(Victim{keys_[slot], tags_[slot], valid_[slot], dirty_[slot]});
      dirty_[slot] = 0;
    }
  }

  /// Whether append_state says all.
  bool states_are_visible() const;

  /// Appends place(key, tag) of the lines with their tags and bits, in the policy's order of ways
  /// where that is all it knows; else by way, then the policy's state.
  template <typename Place>
  void append_state(std::uint32_t set, std::vector<std::uint64_t>& out, Place place) const {
    std::vector<std::uint64_t> order;
    const bool by_order = policy_->append_order(set, order);
    for (std::uint32_t w = 0; w < ways_; ++w) {
      const std::size_t slot = first(set) + (by_order ? order[w] : w);
      if (valid_[slot] == 0 && by_order) continue;  // empty ways are filled before any other
      out.push_back(valid_[slot] == 0 ? 0 : place(keys_[slot], tags_[slot]));
      out.push_back(std::uint64_t{tags_[slot]} << 16U | std::uint64_t{valid_[slot]} << 8U |
                    dirty_[slot]);
    }
    if (!by_order) policy_->append_state(set, out);
  }

  /// Every key moves on by that of its tag.
  void translate(const std::vector<std::uint64_t>& keys_by_tag);

 private:
  static constexpr std::uint32_t kMostScannedWays = 32;
  static constexpr std::size_t kNone = ~std::size_t{0};

  std::size_t first(std::uint32_t set) const { return std::size_t{set} * ways_; }
  std::uint32_t way(std::uint32_t set, std::size_t slot) const {
    return static_cast<std::uint32_t>(slot - first(set));
  }
  /// The slot of a line, or kNone.
  std::size_t find(std::uint32_t set, std::uint64_t key) const;
  /// An empty slot, made by giving up a line where there is none.
  std::size_t make_room(std::uint32_t set, Victim& victim);

  /// Of a hash table with linear probing.
  struct Cell {
    std::uint32_t slot = 0;      // plus 1; 0: empty
    std::uint32_t key_bits = 0;  // the low ones: mostly enough to tell
  };

  std::size_t home(std::uint32_t set, std::uint64_t key) const;
  void table_insert(std::size_t slot, std::uint32_t set);
  void table_erase(std::size_t slot, std::uint32_t set);

  std::uint32_t ways_;
  std::unique_ptr<ReplacementPolicy> policy_;
  std::vector<std::uint64_t> keys_;  // by slot; valid_ 0 where there is no line
  std::vector<std::uint16_t> tags_;
  std::vector<UnitMask> valid_, dirty_;
  std::vector<std::uint32_t> first_empty_;  // by set: no way below is empty
  std::vector<Cell> table_;                 // empty where ways are scanned
};

}  // namespace attnsim::machine
