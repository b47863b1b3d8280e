// Flat block butterfly: blocks whose numbers, from the top-left corner, are equal or differ in one
// bit below `stride`.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out{q.i};
  for (std::int64_t bit = 1; bit < q.params.integer("stride") && bit < 2 * q.cols + 2 * q.rows;
       bit *= 2) {
    out.push_back(q.i ^ bit);
  }
  return out;
}

ATTNSIM_REGISTER_MASK("butterfly", [] {
  return MaskGenerator{
      .info = {.name = "butterfly",
               .summary = "block numbers that are equal or differ in one bit below stride",
               .source = "Chen et al. 2021 (Pixelated Butterfly), arXiv 2112.00029, section 3.2",
               .params = {integer_param("stride", "blocks", 1, "16",
                                        "the largest difference is below it")}},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
