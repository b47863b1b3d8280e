// Which lines were ever touched: tells a cold miss from a capacity miss, exactly.
//
// One bit per line of every page in which a line was touched, and the runs that were marked as a
// whole.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "sim/machine/cache/page.h"
#include "sim/machine/cache/sparse_table.h"
#include "sim/machine/cache/word_bits.h"

namespace attnsim::machine {

class TouchedLines {
 public:
  struct Page {
    explicit Page(std::uint64_t page_number) : number(page_number) {}
    /// Marks lines of one word, of which there are `count`; how many of them were untouched.
    std::uint32_t mark(std::uint32_t word, std::uint64_t lines, std::uint32_t count) {
      const std::uint32_t fresh = count_of_part(lines & ~words[word], lines, count);
      words[word] |= lines;
      untouched -= fresh;
      return fresh;
    }

    std::uint64_t number;
    bool made = false;  // runs that were marked before are in it
    std::uint32_t untouched = kPageLines;
    std::array<std::uint64_t, kPageLines / 64> words{};
  };

  Page& page(std::uint64_t number) {
    Page& page = pages_.get(number);
    if (!page.made) [[unlikely]] {
      make(page);
    }
    return page;
  }

  /// Marks the lines; how many of them were untouched.
  std::uint64_t mark(LineRun lines) {
    const std::uint64_t low = lines.first % 64;
    if (lines.count != 0 && low + lines.count <= 64) {
      const auto word = static_cast<std::uint32_t>(lines.first % kPageLines / 64);
      return page(lines.first / kPageLines)
          .mark(word, bit_run(static_cast<std::uint32_t>(low), lines.count),
                static_cast<std::uint32_t>(lines.count));
    }
    std::uint64_t fresh = 0;
    for_each_page(lines, [&](std::uint64_t page, std::uint32_t begin, std::uint32_t end) {
      fresh += mark(page, begin, end);
    });
    return fresh;
  }

  /// Marks lines [begin, end) of a page; how many of them were untouched. One step per 64 lines.
  std::uint64_t mark(std::uint64_t page, std::uint32_t begin, std::uint32_t end);

  /// Marks a run in O(pages there are), however long it is.
  void mark_run(LineRun lines);

  /// Appends the touched lines of a run as runs: distance from its first line, and count.
  void append(LineRun within, std::vector<std::uint64_t>& out);

 private:
  void make(Page& page);

  SparseTable<Page> pages_;
  std::vector<LineRun> runs_;  // marked as a whole
};

}  // namespace attnsim::machine
