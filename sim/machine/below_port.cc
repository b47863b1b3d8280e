#include "sim/machine/below_port.h"

#include <bit>
#include <utility>

namespace attnsim::machine {

void BelowPort::exchange(const UnitBlock& victims, const UnitBlock& fetched,
                         const UnitBlock& written) {
  const bool moves_in = (fetched.units | written.units) != 0;
  const bool both = (fetched.units & written.units) != 0 || (victims.units != 0 && moves_in);
  if (!ordered_ || !both) {
    write(victims);
    fetch(fetched);
    write(written);
    return;
  }
  for (std::uint64_t i = 0; i < fetched.count; ++i) {
    write({victims.line + i, 1, victims.units, victims.tag});
    for (std::uint64_t s = 0; s < sectors_; ++s) {
      const LineRun unit{(fetched.line + i) * sectors_ + s, 1};
      if ((fetched.units >> s & 1) != 0) fetch_run(unit, fetched.tag);
      if ((written.units >> s & 1) != 0) write_run(unit, written.tag);
    }
  }
}

void BelowPort::write(const UnitBlock& block) {
  for_unit_runs(block, [&](LineRun run) { write_run(run, block.tag); });
}

void BelowPort::fetch(const UnitBlock& block) {
  for_unit_runs(block, [&](LineRun run) { fetch_run(run, block.tag); });
}

/// Calls emit(LineRun) for the units of the block, ascending.
template <typename Emit>
void BelowPort::for_unit_runs(const UnitBlock& block, Emit emit) const {
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

void BelowPort::fetch_run(LineRun units, std::uint16_t tag) {
  if (pending_.count > 0 && pending_.first + pending_.count == units.first && pending_tag_ == tag) {
    pending_.count += units.count;
    return;
  }
  flush();
  pending_ = units;
  pending_tag_ = tag;
}

void BelowPort::write_run(LineRun units, std::uint16_t tag) {
  if (ordered_) flush();
  below_.write_back(units, tag);
}

void BelowPort::flush() {
  if (pending_.count == 0) return;
  const LineRun run = std::exchange(pending_, {});
  below_.fetch(run, pending_tag_);
}

}  // namespace attnsim::machine
