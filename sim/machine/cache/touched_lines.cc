#include "sim/machine/cache/touched_lines.h"

#include <algorithm>
#include <bit>

namespace attnsim::machine {
namespace {

/// Marks the part of the run that lies in the page.
void mark_part(TouchedLines::Page& page, LineRun run) {
  const std::uint64_t first = page.number * kPageLines;
  const std::uint64_t begin = std::max(run.first, first);
  const std::uint64_t end = std::min(run.first + run.count, first + kPageLines);
  for (std::uint64_t line = begin; line < end;) {
    const auto low = static_cast<std::uint32_t>(line % 64);
    const auto count = static_cast<std::uint32_t>(std::min<std::uint64_t>(end - line, 64 - low));
    page.mark(static_cast<std::uint32_t>((line - first) / 64), bit_run(low, count), count);
    line += count;
  }
}

}  // namespace

void TouchedLines::make(Page& page) {
  page.made = true;
  for (const LineRun& run : runs_) mark_part(page, run);
}

void TouchedLines::mark_run(LineRun lines) {
  for (Page& page : pages_.entries()) mark_part(page, lines);
  runs_.push_back(lines);
}

void TouchedLines::append(LineRun within, std::vector<std::uint64_t>& out) {
  std::uint64_t open = 0;  // touched lines just before the next one to look at
  std::uint64_t at = 0;    // distance of that one
  const auto close = [&] {
    if (open == 0) return;
    out.push_back(at - open);
    out.push_back(open);
    open = 0;
  };
  for_each_page(within, [&](std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
    const Page& page = this->page(number);
    while (begin < end) {
      const std::uint32_t room = std::min(end - begin, 64 - begin % 64);
      const std::uint64_t bits = page.words[begin / 64] >> (begin % 64);
      const auto ones = std::min<std::uint32_t>(room, std::countr_one(bits));
      const auto zeros = ones != 0 ? 0 : std::min<std::uint32_t>(room, std::countr_zero(bits));
      if (zeros != 0) close();
      open += ones;
      at += ones + zeros;
      begin += ones + zeros;
    }
  });
  close();
}

std::uint64_t TouchedLines::mark(std::uint64_t number, std::uint32_t begin, std::uint32_t end) {
  Page& page = this->page(number);
  std::uint64_t fresh = 0;
  while (begin < end && page.untouched != 0) {
    const std::uint32_t count = std::min(end - begin, 64 - begin % 64);
    fresh += page.mark(begin / 64, bit_run(begin % 64, count), count);
    begin += count;
  }
  return fresh;
}

}  // namespace attnsim::machine
