// From page numbers to pages: the sparse line space of the cache models.
//
// A page stands for kPageLines consecutive lines and is made when one of them is first touched, so
// memory follows what was touched, wherever in the 64-bit space it lies. Pages are found by open
// addressing; the page found last is remembered, since accesses come in runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "sim/machine/cache.h"

namespace attnsim::machine {

/// 64 words of 64 bits: within a page every search in a bitmap is two word operations.
inline constexpr std::uint32_t kPageLines = 4096;

/// Calls part(page number, begin, end) for the part [begin, end) of each page that the run touches,
/// in ascending order. The run must not pass the end of the line space.
template <class Part>
void for_each_page(LineRun lines, Part&& part) {
  while (lines.count != 0) {
    const auto begin = static_cast<std::uint32_t>(lines.first % kPageLines);
    const std::uint64_t room = kPageLines - begin;
    const std::uint64_t count = lines.count < room ? lines.count : room;
    part(lines.first / kPageLines, begin, begin + static_cast<std::uint32_t>(count));
    lines.first += count;
    lines.count -= count;
  }
}

/// Owns its pages; they never move. Page(number) makes an empty one.
template <class Page>
class PageTable {
 public:
  PageTable() : slots_(kFirstSlots) {}

  /// The page of that number, made if need be. Expected O(1).
  Page& get(std::uint64_t number) {
    if (last_ != nullptr && last_number_ == number) return *last_;
    std::size_t at = slot_of(number);
    while (slots_[at].page != nullptr && slots_[at].number != number) at = (at + 1) & mask();
    if (slots_[at].page == nullptr) return add(number);
    last_ = slots_[at].page;
    last_number_ = number;
    return *last_;
  }

 private:
  struct Slot {
    std::uint64_t number = 0;
    Page* page = nullptr;
  };
  static constexpr std::size_t kFirstSlots = 64;

  std::size_t mask() const { return slots_.size() - 1; }
  /// Multiplication by 2^64 / golden ratio spreads equal strides (Knuth, TAOCP 3, section 6.4).
  std::size_t slot_of(std::uint64_t number) const {
    return static_cast<std::size_t>((number * 0x9e3779b97f4a7c15U) >> 32U) & mask();
  }

  Page& add(std::uint64_t number) {
    pages_.push_back(std::make_unique<Page>(number));
    last_ = pages_.back().get();
    last_number_ = number;
    if (pages_.size() * 2 > slots_.size()) {
      std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
      for (const Slot& slot : old) {
        if (slot.page != nullptr) place(slot);
      }
    }
    place({number, last_});
    return *last_;
  }

  void place(const Slot& slot) {
    std::size_t at = slot_of(slot.number);
    while (slots_[at].page != nullptr) at = (at + 1) & mask();
    slots_[at] = slot;
  }

  std::vector<Slot> slots_;
  std::vector<std::unique_ptr<Page>> pages_;
  Page* last_ = nullptr;
  std::uint64_t last_number_ = 0;
};

}  // namespace attnsim::machine
