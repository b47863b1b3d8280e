// Unpacked blocks. The first five bytes are what the index says: records (2), ends of tasks (2),
// whether the last task goes on (1).
#include <cstring>

#include "sim/trace/file/block_codec.h"
#include "sim/trace/file/names.h"
#include "tests/fuzz/fuzz.h"

namespace attnsim::trace_file {
namespace {

std::vector<std::uint8_t> identity(std::size_t size) {
  std::vector<std::uint8_t> map;
  for (std::size_t i = 0; i < size; ++i) map.push_back(static_cast<std::uint8_t>(i));
  return map;
}

/// What was decoded, encoded and decoded again, is the same.
void check_round_trip(const Block& block, const NameMaps& maps, const BlockContent& content) {
  BlockEncoder encoder;
  std::size_t next = 0;
  for (const std::uint32_t end : block.task_ends) {
    for (; next < end; ++next) encoder.add(block.ops[next]);
    encoder.end_task();
  }
  for (; next < block.ops.size(); ++next) encoder.add(block.ops[next]);
  const Block again = decode_block(encoder.bytes(), maps, 5, content);
  if (!block.ops.empty() &&
      std::memcmp(again.ops.data(), block.ops.data(), block.ops.size() * sizeof(TileOp)) != 0) {
    __builtin_trap();
  }
}

}  // namespace
}  // namespace attnsim::trace_file

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace attnsim::trace_file;
  if (size < 5) return 0;
  static const NameMaps maps{.ops = identity(op_names().size()),
                             .dtypes = identity(attnsim::dtype_names().size()),
                             .roles = identity(role_names().size()),
                             .tensor_roles = identity(tensor_role_names().size())};
  const BlockContent content{.ops = data[0] + std::uint64_t{256} * data[1],
                             .task_ends = data[2] + std::uint64_t{256} * data[3],
                             .task_goes_on = (data[4] & 1) != 0};
  try {
    const Block block = decode_block(attnsim::fuzz::text_of(data + 5, size - 5), maps, 5, content);
    check_round_trip(block, maps, content);
  } catch (const DecodeFault&) {
  }
  return 0;
}
