// Which lines were ever touched: tells a cold miss from a capacity miss, exactly.
//
// One bit per line of every page in which a line was touched.
#pragma once

#include <array>
#include <cstdint>

#include "sim/machine/cache/page.h"
#include "sim/machine/cache/sparse_table.h"

namespace attnsim::machine {

class TouchedLines {
 public:
  /// Marks lines [begin, end) of a page; how many of them were untouched. One step per 64 lines.
  std::uint64_t mark(std::uint64_t page, std::uint32_t begin, std::uint32_t end);

 private:
  struct Page {
    explicit Page(std::uint64_t) {}
    std::uint32_t untouched = kPageLines;
    std::array<std::uint64_t, kPageLines / 64> words{};
  };

  SparseTable<Page> pages_;
};

}  // namespace attnsim::machine
