#include "sim/trace/mask_generator.h"

#include <utility>

#include "sim/trace/philox.h"

namespace attnsim {

std::int64_t MaskQuery::draw(std::int64_t bound, std::int64_t row, std::int64_t number) const {
  const auto low = [](auto x) { return static_cast<std::uint32_t>(x); };
  const PhiloxCounter bits =
      philox4x32({low(plane), low(row), low(number), 0}, {low(seed), low(seed >> 32)});
  // 32 random bits scaled to the bound: a plane has fewer than 2^31 blocks in a row.
  return static_cast<std::int64_t>((std::uint64_t{bits[0]} * static_cast<std::uint64_t>(bound)) >>
                                   32);
}

void add_range(BlockSet& blocks, const MaskQuery& q, std::int64_t first, std::int64_t last) {
  for (std::int64_t j = std::max<std::int64_t>(0, first); j <= std::min(q.cols - 1, last); ++j) {
    blocks.push_back(j);
  }
}

void add_random(BlockSet& blocks, const MaskQuery& q, std::int64_t count) {
  std::vector<bool> taken(static_cast<std::size_t>(q.cols), false);
  for (const std::int64_t j : blocks) {
    if (j >= 0 && j < q.cols) taken[static_cast<std::size_t>(j)] = true;
  }
  BlockSet left;
  for (std::int64_t j = 0; j < q.cols; ++j) {
    if (!taken[static_cast<std::size_t>(j)]) left.push_back(j);
  }
  const auto size = static_cast<std::int64_t>(left.size());
  for (std::int64_t pick = 0; pick < std::min(count, size); ++pick) {
    const std::int64_t at = pick + q.draw(size - pick, q.i, pick);
    std::swap(left[static_cast<std::size_t>(pick)], left[static_cast<std::size_t>(at)]);
    blocks.push_back(left[static_cast<std::size_t>(pick)]);
  }
}

std::vector<MaskInfo> mask_catalogue() {
  std::vector<MaskInfo> masks;
  const MaskRegistry& registry = MaskRegistry::instance();
  for (const std::string& name : registry.names()) {
    masks.push_back(registry.find(name)->factory().info);
  }
  return masks;
}

ParamSpec integer_param(const char* name, const char* unit, std::int64_t minimum,
                        const char* default_value, const char* doc) {
  return {.name = name,
          .type = ParamType::integer,
          .unit = unit,
          .default_value = default_value,
          .doc = doc,
          .minimum = minimum};
}

}  // namespace attnsim
