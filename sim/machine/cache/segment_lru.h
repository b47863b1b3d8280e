// A fully associative LRU cache, exact to the last line, that replays whatever comes at the speed
// of the representation that suits it: blocks for runs that are used again in order (block_lru.h),
// records for rectangles of short rows (record_lru.h), single lines where neither saves anything
// (line_lru.h).
//
// Every few times the cache's size it reviews what it was given. The representations describe the
// same state, so a change moves the lines over in order of last use and nothing else. One that
// turns out wrong is left at the next review, and is tried again after twice as many reviews as the
// time before: over time the cost is that of the line simulator or less, whatever the trace.
#pragma once

#include <cstdint>
#include <memory>

#include "sim/machine/cache/block_lru.h"
#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/line_lru.h"
#include "sim/machine/cache/lru_options.h"
#include "sim/machine/cache/record_lru.h"
#include "sim/machine/cache/recurring.h"
#include "sim/machine/cache/tag_counts.h"
#include "sim/machine/cache/touched_lines.h"

namespace attnsim::machine {

class SegmentLru final : public CacheModel, public Recurring {
 public:
  /// Lines up to the first review. Later ones come after twice as many each, up to eight times the
  /// capacity.
  static constexpr std::uint64_t kFirstReview = 4096;

  /// `below` may be null; else it must outlive the cache. `first_review` is for tests.
  explicit SegmentLru(const LruOptions& options, Downstream* below = nullptr,
                      std::uint64_t first_review = kFirstReview);

  void access(const LineAccess& access) override;
  void access(const RectAccess& rect) override;
  void finish() override;
  CacheCounts counts(std::uint16_t tag) const override;

  Recurring* recurring() override { return this; }
  std::uint64_t step() const override { return 1; }
  /// Maximal runs of lines of one tag and one dirty bit, oldest first.
  void snapshot(const LinesByTag& origin, std::vector<std::uint64_t>& out,
                LinesByTag& lowest) override;
  void translate(const LinesByTag& by) override;
  void append_touched(LineRun lines, std::vector<std::uint64_t>& out) override;
  void mark_touched(LineRun lines) override { touched_->mark_run(lines); }

 private:
  enum class Mode : std::uint8_t { blocks, records, lines };
  /// What came since the last review.
  struct Window {
    std::uint64_t lines = 0;
    std::uint64_t accesses = 0;
    std::uint64_t more_rows = 0;  // than one per access
  };

  /// How often a representation has failed.
  struct Attempts {
    std::uint64_t wait = 0;      // reviews before it may be tried again
    std::uint64_t patience = 1;  // what it waits when it fails next
    void fail();
    bool may_be_tried() const { return wait == 0; }
    void pass_review() { wait -= wait != 0 ? 1 : 0; }
  };

  void note(std::uint64_t lines, std::uint64_t more_rows);
  void review();
  Mode choose() const;
  bool is_failing() const;
  void change_to(Mode mode);
  template <class From>
  void move_to(std::unique_ptr<From>& from, Mode mode);
  template <class From, class To>
  void move_lines(std::unique_ptr<From>& from, std::unique_ptr<To>& to, const LinesByTag& by = {});

  LruOptions options_;
  Downstream* below_;
  std::uint64_t review_after_;  // lines
  Mode mode_ = Mode::blocks;
  Window window_;
  Attempts with_blocks_;
  Attempts with_records_;
  std::shared_ptr<TouchedLines> touched_;
  TagCounts past_;  // of the representations that were given up
  // The one of `mode_`; the others are null.
  std::unique_ptr<BlockLru> blocks_;
  std::unique_ptr<RecordLru> records_;
  std::unique_ptr<LineLru> lines_;
  std::uint64_t start_ = 0;  // its pieces or steps at the last review
};

}  // namespace attnsim::machine
