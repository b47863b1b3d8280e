#include "sim/replay/bound_rows.h"

#include <string>

#include "analysis/bounds/bounds.h"
#include "sim/core/error.h"

namespace attnsim::replay {

std::vector<BoundRow> bound_rows(const Result& result, const AlgorithmInfo& algorithm,
                                 int element_bits) {
  std::vector<BoundRow> rows = bounds::bounds(result.run.workload, result.run.machine,
                                              {.algorithm = &algorithm,
                                               .footprint = result.footprint,
                                               .element_bits = element_bits,
                                               .seen = {}});
  for (BoundRow& row : rows) {
    const IoRow* total = result.io_row(row.memory, "total");
    if (total != nullptr && row.bytes > 0) {
      row.ratio = static_cast<double>(total->bytes().count) / row.bytes;
    }
  }
  return rows;
}

void require_bounds_hold(const Result& result) {
  for (const BoundRow& row : result.bounds) {
    if (!row.rigorous || !row.applies || row.kind != "lower") continue;
    const IoRow* total = result.io_row(row.memory, "total");
    const std::uint64_t moved = total == nullptr ? 0 : total->bytes().count;
    // Both are exact below 2^53 bytes; no replay that moves more comes to an end.
    if (static_cast<double>(moved) >= row.bytes) continue;
    std::string at =
        row.m_words ? " with M = " + std::to_string(row.m_words->count) + " words" : "";
    throw InternalError("'" + result.run.algorithm.name + "' moved " + std::to_string(moved) +
                        " bytes at '" + row.memory + "', less than the bound " + row.id + at +
                        ", " + std::to_string(static_cast<std::uint64_t>(row.bytes)) + " bytes (" +
                        row.holds_for + "): " + row.formula);
  }
}

}  // namespace attnsim::replay
