#include "sim/trace/splits.h"

#include <algorithm>
#include <cmath>

#include "sim/trace/mask.h"

namespace attnsim {

namespace {

/// The share of the places that work has in all the waves of `tasks` tasks.
double wave_efficiency(std::int64_t tasks, std::int64_t places) {
  const double waves = static_cast<double>(tasks) / static_cast<double>(places);
  return waves / std::ceil(waves);
}

}  // namespace

std::int64_t even_splits(std::int64_t heads, std::int64_t places, std::int64_t most) {
  constexpr double kNearlyBest = 0.95;
  const auto efficiency = [&](std::int64_t splits) {
    return wave_efficiency(heads * splits, places);
  };
  double best = 0;
  for (std::int64_t n = 1; n <= most; ++n) best = std::max(best, efficiency(n));
  std::int64_t splits = 1;
  while (efficiency(splits) < kNearlyBest * best) ++splits;
  return splits;
}

std::int64_t key_splits(std::int64_t tasks, std::int64_t places, std::int64_t blocks,
                        std::int64_t most) {
  constexpr double kNearlyFull = 0.8;
  constexpr double kNearlyBest = 0.85;
  if (static_cast<double>(tasks) >= kNearlyFull * static_cast<double>(places)) return 1;
  most = std::min({most, places, blocks});
  const auto efficiency = [&](std::int64_t splits) {
    const bool finer = splits == 1 || ceil_div(blocks, splits) != ceil_div(blocks, splits - 1);
    return finer ? wave_efficiency(tasks * splits, places) : 0;
  };
  double best = 0;
  for (std::int64_t n = 1; n <= most; ++n) best = std::max(best, efficiency(n));
  std::int64_t splits = 1;
  while (efficiency(splits) < kNearlyBest * best) ++splits;
  return splits;
}

Run split_part(std::int64_t indices, std::int64_t parts, std::int64_t which) {
  const std::int64_t each = ceil_div(indices, parts);
  return {.begin = std::min(indices, which * each), .end = std::min(indices, (which + 1) * each)};
}

std::int64_t Deal::begin(std::int64_t cta) const {
  return cta * (blocks / ctas) + std::min(cta, blocks % ctas);
}

std::int64_t Deal::owner(std::int64_t block) const {
  const std::int64_t each = blocks / ctas;
  const std::int64_t with_longer = blocks % ctas * (each + 1);
  return block < with_longer ? block / (each + 1) : blocks % ctas + (block - with_longer) / each;
}

std::int64_t used_parts(std::int64_t indices, std::int64_t parts) {
  return ceil_div(indices, ceil_div(indices, parts));
}

std::vector<Run> within(std::vector<Run> runs, std::int64_t begin, std::int64_t end) {
  for (Run& run : runs) {
    run.begin = std::max(run.begin, begin);
    run.end = std::min(run.end, end);
  }
  return runs;
}

}  // namespace attnsim
