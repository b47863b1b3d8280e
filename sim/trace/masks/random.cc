// Random blocks: so many different key blocks in every block row, drawn anew for each head.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  add_random(out, q, q.params.integer("blocks"));
  return out;
}

ATTNSIM_REGISTER_MASK("random", [] {
  return MaskGenerator{
      .info = {.name = "random",
               .summary = "so many random key blocks in every block row of every head",
               .source = "Zaheer et al. 2020 (BigBird), arXiv 2007.14062, section 2",
               .params = {integer_param("blocks", "blocks", 0, "3", "key blocks in a row")},
               .draws = true},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
