// The way out of a cache with sectors: turns lines and masks of their units into runs, which
// Outflow merges.
#pragma once

#include <bit>
#include <cstdint>

#include "sim/machine/cache/cache.h"
#include "sim/machine/cache/outflow.h"
#include "sim/machine/cache/set_touch.h"

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
      : out_(&below), ordered_(below.ordered()), sectors_(sectors) {}

  /// What misses of a block of lines cause: per line, first its victim goes, then unit by unit what
  /// is fetched and what is written through. The three blocks have equal counts where they have
  /// units.
  void exchange(const UnitBlock& victims, const UnitBlock& fetched, const UnitBlock& written) {
    const bool moves_in = (fetched.units | written.units) != 0;
    const bool both = (fetched.units & written.units) != 0 || (victims.units != 0 && moves_in);
    if (both && ordered_ && victims.count * sectors_ > 1) {
      exchange_in_order(victims, fetched, written);
      return;
    }
    write(victims);
    fetch(fetched);
    write(written);
  }

  void write(const UnitBlock& block) {
    for_unit_runs(block, [&](LineRun run) { write_run(run, block.tag); });
  }

  void fetch_run(LineRun units, std::uint16_t tag) { out_.fetch(units, tag); }
  void write_run(LineRun units, std::uint16_t tag) { out_.write_back(units, tag); }

  /// Passes on what is held back to be merged.
  void flush() { out_.flush(); }

 private:
  void exchange_in_order(const UnitBlock& victims, const UnitBlock& fetched,
                         const UnitBlock& written);

  void fetch(const UnitBlock& block) {
    for_unit_runs(block, [&](LineRun run) { fetch_run(run, block.tag); });
  }

  /// Calls emit(LineRun) for the units of the block, ascending.
  template <typename Emit>
  void for_unit_runs(const UnitBlock& block, Emit emit) const {
    if (block.units == 0) return;
    if (block.units == (1U << sectors_) - 1) {
      emit(LineRun{block.line * sectors_, block.count * sectors_});
      return;
    }
    for (std::uint64_t i = 0; i < block.count; ++i) {
      for (std::uint64_t s = 0; s < sectors_;) {
        const auto rest = static_cast<UnitMask>(block.units >> s);
        const auto n = static_cast<std::uint64_t>(std::countr_one(rest));
        if (n > 0) emit(LineRun{(block.line + i) * sectors_ + s, n});
        s += n + 1;
      }
    }
  }

  Outflow out_;
  const bool ordered_;  // what lies below sees order
  const std::uint64_t sectors_;
};

}  // namespace attnsim::machine
