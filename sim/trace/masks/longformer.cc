// Local and global: half of `width` tokens on either side of the diagonal, and global blocks.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  const std::int64_t global = q.params.integer("global");
  if (q.i < global) {
    add_range(out, q, 0, q.cols - 1);
    return out;
  }
  add_range(out, q, 0, global - 1);
  if (q.diagonal < 0) return out;
  const std::int64_t half = (q.params.integer("width") / 2 + q.block - 1) / q.block;
  add_range(out, q, q.diagonal - half, q.diagonal + half);
  return out;
}

ATTNSIM_REGISTER_MASK("longformer", [] {
  return MaskGenerator{
      .info = {.name = "longformer",
               .summary = "half of width tokens on either side of the diagonal, and global blocks",
               .source = "Beltagy et al. 2020, arXiv 2004.05150, section 3.1",
               .params = {integer_param("width", "tokens", 0, "512",
                                        "tokens of the window, half on either side"),
                          integer_param("global", "blocks", 0, "1",
                                        "blocks seen by and seeing all")}},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
