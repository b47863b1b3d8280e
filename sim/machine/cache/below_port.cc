#include "sim/machine/cache/below_port.h"

namespace attnsim::machine {

void BelowPort::exchange_in_order(const UnitBlock& victims, const UnitBlock& fetched,
                                  const UnitBlock& written) {
  for (std::uint64_t i = 0; i < fetched.count; ++i) {
    write({victims.line + i, 1, victims.units, victims.tag});
    for (std::uint64_t s = 0; s < sectors_; ++s) {
      const LineRun unit{(fetched.line + i) * sectors_ + s, 1};
      if ((fetched.units >> s & 1) != 0) fetch_run(unit, fetched.tag);
      if ((written.units >> s & 1) != 0) write_run(unit, written.tag);
    }
  }
}

}  // namespace attnsim::machine
