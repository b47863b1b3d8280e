// A causal band with gaps: every `rate`-th block back from the diagonal, rate times as far as a
// window of `width` tokens.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  if (q.diagonal < 0) return out;
  const std::int64_t rate = q.params.integer("rate");
  for (std::int64_t n = 0; n < q.reach("width") && n * rate <= q.diagonal; ++n) {
    out.push_back(q.diagonal - n * rate);
  }
  return out;
}

ATTNSIM_REGISTER_MASK("dilated", [] {
  return MaskGenerator{
      .info = {.name = "dilated",
               .summary =
                   "every rate-th block back from the diagonal, as many as width tokens fill",
               .source = "Beltagy et al. 2020 (Longformer), arXiv 2004.05150, section 3.1",
               .params = {integer_param("width", "tokens", 1, "256",
                                        "tokens seen, rounded up to blocks"),
                          integer_param("rate", "blocks", 1, "2", "distance of two blocks seen")}},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
