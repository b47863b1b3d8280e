#include "sim/replay/dropout.h"

#include "sim/trace/philox.h"

namespace attnsim::replay {

bool dropped(const DropoutSpec& spec, std::int64_t row, std::int64_t col) {
  const auto r = static_cast<std::uint64_t>(row);
  const auto c = static_cast<std::uint64_t>(col);
  const PhiloxCounter words = philox4x32(
      {static_cast<std::uint32_t>(c / 4), 0, static_cast<std::uint32_t>(r),
       static_cast<std::uint32_t>(r >> 32)},
      {static_cast<std::uint32_t>(spec.seed), static_cast<std::uint32_t>(spec.seed >> 32)});
  return words[c % 4] < spec.probability * 0x1p32;
}

}  // namespace attnsim::replay
