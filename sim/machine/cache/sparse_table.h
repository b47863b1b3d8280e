// From 64-bit numbers to entries that are made when first asked for: memory follows what was
// touched, wherever in the space it lies. Entries are found by open addressing; the one found last
// is remembered, since accesses come in runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>
#include <vector>

namespace attnsim::machine {

/// Owns its entries; they never move. Entry(number) makes an empty one.
template <class Entry>
class SparseTable {
 public:
  SparseTable() : slots_(kFirstSlots) {}

  /// All of them, in the order in which they were made.
  const std::deque<Entry>& entries() const { return entries_; }
  std::deque<Entry>& entries() { return entries_; }

  /// The entry of that number, made if need be. Expected O(1).
  Entry& get(std::uint64_t number) {
    if (last_ != nullptr && last_number_ == number) return *last_;
    std::size_t at = slot_of(number);
    while (slots_[at].entry != nullptr && slots_[at].number != number) at = (at + 1) & mask_;
    if (slots_[at].entry == nullptr) return add(number);
    last_ = slots_[at].entry;
    last_number_ = number;
    return *last_;
  }

 private:
  struct Slot {
    std::uint64_t number = 0;
    Entry* entry = nullptr;
  };
  static constexpr std::size_t kFirstSlots = 64;

  /// Multiplication by 2^64 / golden ratio spreads equal strides (Knuth, TAOCP 3, section 6.4).
  std::size_t slot_of(std::uint64_t number) const {
    return static_cast<std::size_t>((number * 0x9e3779b97f4a7c15U) >> 32U) & mask_;
  }

  Entry& add(std::uint64_t number) {
    last_ = &entries_.emplace_back(number);
    last_number_ = number;
    if (entries_.size() * 2 > slots_.size()) {
      std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
      mask_ = slots_.size() - 1;
      for (const Slot& slot : old) {
        if (slot.entry != nullptr) place(slot);
      }
    }
    place({number, last_});
    return *last_;
  }

  void place(const Slot& slot) {
    std::size_t at = slot_of(slot.number);
    while (slots_[at].entry != nullptr) at = (at + 1) & mask_;
    slots_[at] = slot;
  }

  std::vector<Slot> slots_;
  std::size_t mask_ = kFirstSlots - 1;
  std::deque<Entry> entries_;
  Entry* last_ = nullptr;
  std::uint64_t last_number_ = 0;
};

}  // namespace attnsim::machine
