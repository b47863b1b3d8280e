// A causal band: the diagonal block and those that `width` tokens reach back from it.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  if (q.diagonal >= 0) add_range(out, q, q.diagonal - q.reach("width"), q.diagonal);
  return out;
}

ATTNSIM_REGISTER_MASK("window", [] {
  return MaskGenerator{
      .info = {.name = "window",
               .summary = "the diagonal block and those that width tokens reach back",
               .source = "Jiang et al. 2023 (Mistral), arXiv 2310.06825, section 2",
               .params = {integer_param("width", "tokens", 0, "256",
                                        "tokens that the window reaches back")}},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
