// Belady's optimal replacement (IBM Systems Journal 5, 1966), exact to the line, write-back and
// write-allocate: the line whose next use is farthest goes. Among lines never used again the one
// whose last use is oldest goes first; misses do not depend on that, write-backs do.
//
// Two passes: access() records, finish() replays. Counts are complete after finish() only, and the
// Downstream is called from there. Memory grows with the trace (see RecordedUses; two more bits per
// line access while replaying).
//
// Fully associative: a resident line is a bit at the time of its next use. A hit is then a bit at
// the current time, the victim is the last bit, and up to 64 lines of an access are one word: no
// heap, no look-up by address. Set-associative: a scan of the set, O(ways) per line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/recorded_uses.h"
#include "sim/machine/cache/set_index.h"
#include "sim/machine/cache/touched_lines.h"

namespace attnsim::machine {

struct OptConfig {
  std::uint32_t sets = 1;
  std::uint64_t ways = 1;
  IndexKind index = IndexKind::modulo;
  std::uint32_t slices = 1;
  bool fetch_covered_writes = false;
};

class OptCache final : public CacheModel {
 public:
  OptCache(const OptConfig& config, Downstream& below);

  using CacheModel::access;
  /// REQUIRES: not yet finished.
  void access(const LineAccess& access) override;
  /// A second call does nothing.
  void finish() override;
  CacheCounts counts(std::uint16_t tag) const override;

 private:
  const OptConfig config_;
  Downstream& below_;
  RecordedUses uses_;
  TouchedLines touched_;
  std::vector<CacheCounts> counts_;  // by tag
  bool finished_ = false;
};

}  // namespace attnsim::machine
