// From lines to the blocks that start there.
//
// Per page a hierarchical bitmap of the starts, and beside each 64-line word that has held one the
// ids of the blocks. The ids of a page are given back when its last block leaves, so memory is one
// bit per line of the pages touched plus what the resident blocks need.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/machine/cache/line_bitmap.h"
#include "sim/machine/cache/page.h"
#include "sim/machine/cache/sparse_table.h"

namespace attnsim::machine {

/// Of one page; owned by a StartIndex, through which it changes.
struct StartPage {
  explicit StartPage(std::uint64_t page_number) : number(page_number) {}

  std::uint64_t first_line() const { return number * kPageLines; }
  std::uint32_t id_at(std::uint32_t line) const { return ids[line / 64][line % 64]; }

  std::uint64_t number;
  LineBitmap starts;
  std::uint64_t held = 0;  // bit w: ids[w] is there
  std::array<std::uint32_t*, LineBitmap::kWords> ids{};
};

class StartIndex {
 public:
  StartPage& page(std::uint64_t number) { return pages_.get(number); }

  /// Block `id` starts at `line`, where none did.
  void set(StartPage& page, std::uint32_t line, std::uint32_t id) {
    const std::uint32_t word = line / 64;
    if (page.ids[word] == nullptr) [[unlikely]] {
      page.ids[word] = acquire();
      page.held |= std::uint64_t{1} << word;
    }
    page.starts.set(line);
    page.ids[word][line % 64] = id;
  }

  void clear(StartPage& page, std::uint32_t line) {
    page.starts.clear(line);
    if (page.starts.empty()) release(page);
  }

 private:
  std::uint32_t* acquire() {
    if (free_.empty()) grow();
    std::uint32_t* ids = free_.back();
    free_.pop_back();
    return ids;
  }

  void release(StartPage& page) {
    for (; page.held != 0; page.held &= page.held - 1) {
      std::uint32_t*& ids = page.ids[static_cast<std::size_t>(std::countr_zero(page.held))];
      free_.push_back(ids);
      ids = nullptr;
    }
  }

  void grow() {
    constexpr std::size_t kTogether = 64;
    slabs_.push_back(std::make_unique_for_overwrite<std::uint32_t[]>(kTogether * 64));
    for (std::size_t i = 0; i < kTogether; ++i) free_.push_back(slabs_.back().get() + i * 64);
  }

  SparseTable<StartPage> pages_;
  std::vector<std::unique_ptr<std::uint32_t[]>> slabs_;
  std::vector<std::uint32_t*> free_;
};

}  // namespace attnsim::machine
