// Whole blocks up to the diagonal: block row i sees the key blocks up to its diagonal.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  add_range(out, q, 0, q.diagonal);
  return out;
}

ATTNSIM_REGISTER_MASK("causal", [] {
  return MaskGenerator{.info = {.name = "causal",
                                .summary = "blocks up to the diagonal",
                                .source = "Vaswani et al. 2017, arXiv 1706.03762, section 3.2.3"},
                       .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
