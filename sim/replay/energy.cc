#include "sim/replay/energy.h"

namespace attnsim::replay {
namespace {

/// Bytes over the boundary just inside a memory, of all devices.
Bytes crossing(const Result& result, std::string_view memory) {
  Bytes bytes{};
  for (const IoRow& row : result.io) {
    if (row.memory == memory && row.tensor == "total") bytes += row.bytes();
  }
  return bytes;
}

Bytes served_by(const Result& result, const MemorySpec& memory) {
  const Bytes bytes = crossing(result, memory.name);
  if (memory.kind != MemoryKind::cache) return bytes;
  // Lines that are fetched and hardly used can bring more out of the memory behind than a cache
  // hands in.
  const Bytes behind = crossing(result, memory.parent);
  return behind < bytes ? Bytes(bytes.count - behind.count) : Bytes();
}

}  // namespace

std::vector<EnergyRow> energy_rows(const Result& result) {
  std::vector<EnergyRow> rows;
  EnergyRow total{.memory = "total"};
  for (const MemorySpec& memory : result.run.machine.memories) {
    if (!memory.energy) continue;
    const Bytes bytes = served_by(result, memory);
    rows.push_back({memory.name, bytes, static_cast<double>(bytes.count) * *memory.energy});
    total.bytes += bytes;
    total.joules += rows.back().joules;
  }
  if (!rows.empty()) rows.push_back(std::move(total));
  return rows;
}

}  // namespace attnsim::replay
