// BigBird: a window around the diagonal, global blocks, and random ones among the rest.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  const std::int64_t window = q.params.integer("window");
  const std::int64_t global = q.params.integer("global");
  if (q.i < global) {
    add_range(out, q, 0, q.cols - 1);
    return out;
  }
  add_range(out, q, 0, global - 1);
  if (q.diagonal >= 0) {
    add_range(out, q, q.diagonal - window / 2, q.diagonal + (window - 1) / 2);
  }
  add_random(out, q, q.params.integer("random"));
  return out;
}

ATTNSIM_REGISTER_MASK("bigbird", [] {
  return MaskGenerator{
      .info = {.name = "bigbird",
               .summary = "window around the diagonal, global and random blocks",
               .source = "Zaheer et al. 2020, arXiv 2007.14062, section 2 and appendix D",
               .params = {integer_param(
                              "window", "blocks", 1, "3",
                              "blocks around the diagonal; an even number has one more before it"),
                          integer_param("global", "blocks", 0, "2",
                                        "blocks seen by and seeing all"),
                          integer_param("random", "blocks", 0, "3", "random blocks in a row")},
               .draws = true},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
