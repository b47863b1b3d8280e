#include "sim/machine/cache/recorded_uses.h"

#include <algorithm>
#include <array>
#include <memory>
#include <unordered_map>

#include "sim/core/error.h"

namespace attnsim::machine {
namespace {

/// The next use of every line seen so far.
class NextUseOfLine {
 public:
  static constexpr std::uint64_t kPageLines = 1024;
  using Page = std::array<std::uint64_t, kPageLines>;

  Page& page(std::uint64_t number) {
    Recent& recent = recent_[number % recent_.size()];
    if (recent.page == nullptr || recent.number != number) {
      std::unique_ptr<Page>& page = pages_[number];
      if (page == nullptr) {
        page = std::make_unique<Page>();
        page->fill(kNever);
      }
      recent = {number, page.get()};
    }
    return *recent.page;
  }

 private:
  struct Recent {
    std::uint64_t number = 0;
    Page* page = nullptr;
  };
  std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages_;
  std::array<Recent, 256> recent_{};
};

bool continues(const NextUses& piece, std::uint64_t next) {
  if (piece.count == PackedUses::kMostLines) return false;
  return piece.next == kNever ? next == kNever : next == piece.next + piece.count;
}

/// Appends the pieces of one access, first to last, and marks its lines as used at its time.
void find_pieces(const RecordedUses::Access& access, NextUseOfLine& uses,
                 std::vector<NextUses>& pieces) {
  LineRun lines = access.what.lines;
  std::uint64_t time = access.time;
  NextUses piece;
  while (lines.count > 0) {
    const std::uint64_t offset = lines.first % NextUseOfLine::kPageLines;
    const std::uint64_t n = std::min(lines.count, NextUseOfLine::kPageLines - offset);
    std::uint64_t* next = uses.page(lines.first / NextUseOfLine::kPageLines).data() + offset;
    for (std::uint64_t i = 0; i < n; ++i) {
      if (piece.count > 0 && !continues(piece, next[i])) {
        pieces.push_back(piece);
        piece.count = 0;
      }
      if (piece.count == 0) piece.next = next[i];
      ++piece.count;
      next[i] = time + i;
    }
    lines.first += n;
    lines.count -= n;
    time += n;
  }
  pieces.push_back(piece);
}

}  // namespace

void RecordedUses::record(const LineAccess& access) {
  if (access.lines.count == 0) return;
  ATTNSIM_CHECK(accesses_.size() < ~std::uint32_t{0}, "too many accesses to record");
  ATTNSIM_CHECK(duration_ + access.lines.count < PackedUses::kLatest, "too long to record");
  const std::uint64_t words = (duration_ + access.lines.count + 63) / 64;
  while (at_word_.size() < words) at_word_.push_back(static_cast<std::uint32_t>(accesses_.size()));
  accesses_.push_back({access, duration_});
  duration_ += access.lines.count;
}

void RecordedUses::prepare() {
  NextUseOfLine uses;
  std::vector<NextUses> of_access;
  for (std::size_t i = accesses_.size(); i-- > 0;) {
    of_access.clear();
    find_pieces(accesses_[i], uses, of_access);
    for (std::size_t piece = of_access.size(); piece-- > 0;)
      pieces_.push_back(PackedUses(of_access[piece]));
  }
}

NextUses RecordedUses::take() {
  const NextUses piece = pieces_.back().unpacked();
  pieces_.pop_back();
  return piece;
}

const RecordedUses::Access& RecordedUses::at(std::uint64_t time) {
  // Uses are looked for backwards: mostly it is the access of last time or the one before.
  for (int back = 0; back < 2 && time < end_of(found_); ++back, --found_) {
    if (accesses_[found_].time <= time) return accesses_[found_];
    if (found_ == 0) break;
  }
  // Bit 0 of a word may lie in an access that began in the word before.
  const std::uint64_t word = time / 64;
  const auto* const begin = accesses_.begin() + at_word_[word];
  const auto* const end =
      word + 1 < at_word_.size() ? accesses_.begin() + at_word_[word + 1] + 1 : accesses_.end();
  const auto* const after = std::upper_bound(
      begin, end, time, [](std::uint64_t t, const Access& access) { return t < access.time; });
  found_ = static_cast<std::size_t>(after - accesses_.begin()) - 1;
  return accesses_[found_];
}

}  // namespace attnsim::machine
