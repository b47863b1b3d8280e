// Global blocks: the first rows see every key, and every row sees the first keys.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  const std::int64_t global = q.params.integer("blocks");
  add_range(out, q, 0, q.i < global ? q.cols - 1 : global - 1);
  return out;
}

ATTNSIM_REGISTER_MASK("global", [] {
  return MaskGenerator{
      .info = {.name = "global",
               .summary = "the first block rows see all keys, all rows see the first key blocks",
               .source = "Zaheer et al. 2020 (BigBird), arXiv 2007.14062, section 2; Child et al. "
                         "2019, arXiv 1904.10509",
               .params = {integer_param("blocks", "blocks", 0, "1", "global blocks")}},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
