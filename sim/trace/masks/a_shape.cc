// Sink and recent blocks: the first key blocks, and a causal window of `recent` tokens.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  add_range(out, q, 0, std::min(q.params.integer("sink") - 1, q.diagonal));
  if (q.diagonal >= 0) add_range(out, q, q.diagonal - q.reach("recent"), q.diagonal);
  return out;
}

ATTNSIM_REGISTER_MASK("a_shape", [] {
  return MaskGenerator{
      .info = {.name = "a_shape",
               .summary = "the first key blocks and a window of recent tokens",
               .source = "Xiao et al. 2023 (StreamingLLM), arXiv 2309.17453, section 3; Jiang et "
                         "al. 2024 (MInference), arXiv 2407.02490",
               .params = {integer_param("sink", "blocks", 0, "1",
                                        "key blocks that all later queries see"),
                          integer_param("recent", "tokens", 0, "256",
                                        "tokens that the window reaches back")}},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
