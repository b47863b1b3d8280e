// The way out of a cache: turns lines and masks of their units into runs for what lies below, and
// merges neighbouring fetches as far as the promise of Downstream allows.
#pragma once

#include <cstdint>

#include "sim/machine/cache.h"
#include "sim/machine/set_touch.h"

namespace attnsim::machine {

/// Consecutive lines, each with the same of its units.
struct UnitBlock {
  std::uint64_t line = 0;
  std::uint64_t count = 0;
  UnitMask units = 0;
  std::uint16_t tag = 0;
};

/// Call protocol: any number of moves, then flush() before control leaves the cache.
class BelowPort {
 public:
  BelowPort(Downstream& below, std::uint32_t sectors)
      : below_(below), ordered_(below.ordered()), sectors_(sectors) {}

  /// What misses of a block of lines cause: per line, first its victim goes, then unit by unit what
  /// is fetched and what is written through. The three blocks have equal counts where they have
  /// units.
  void exchange(const UnitBlock& victims, const UnitBlock& fetched, const UnitBlock& written);
  void write(const UnitBlock& block);
  void flush();

 private:
  void fetch(const UnitBlock& block);
  void fetch_run(LineRun units, std::uint16_t tag);
  void write_run(LineRun units, std::uint16_t tag);
  template <typename Emit>
  void for_unit_runs(const UnitBlock& block, Emit emit) const;

  Downstream& below_;
  const bool ordered_;  // what lies below sees order
  const std::uint64_t sectors_;
  LineRun pending_{};  // fetched but not yet passed below
  std::uint16_t pending_tag_ = 0;
};

}  // namespace attnsim::machine
