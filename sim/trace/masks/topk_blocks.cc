// Selected blocks: the first block, the diagonal and the one before it, and drawn past blocks, as a
// learned top-k selection leaves them. A block n back from the diagonal is drawn with a weight of
// about 1 / n: an octave of distances first, then one of it. Each draw of a row is taken over from
// the row before with a chance of `locality` percent, so that neighbours share about that part.
#include "sim/trace/mask_generator.h"

namespace attnsim {
namespace {

constexpr std::int64_t kAttempts = 16;
constexpr std::int64_t kNumbers = 2 * kAttempts + 1;  // of draws for one block

/// The row whose draw row i uses for its n-th block.
std::int64_t row_drawn(const MaskQuery& q, std::int64_t n) {
  const std::int64_t locality = q.params.integer("locality");
  std::int64_t row = q.i;
  while (row > 0 && q.draw(100, row, kNumbers * n) < locality) --row;
  return row;
}

/// A distance from 1 to `most`; uses the draws `number` and `number` + 1 of the row.
std::int64_t draw_distance(const MaskQuery& q, std::int64_t most, std::int64_t row,
                           std::int64_t number) {
  std::int64_t octaves = 0;
  while ((std::int64_t{1} << octaves) <= most) ++octaves;
  const std::int64_t first = std::int64_t{1} << q.draw(octaves, row, number);
  const std::int64_t last = std::min(2 * first - 1, most);
  return first + q.draw(last - first + 1, row, number + 1);
}

BlockSet blocks(const MaskQuery& q) {
  BlockSet out;
  if (q.diagonal < 0) return out;
  const auto add = [&](std::int64_t j) {
    const bool fresh = j >= 0 && std::find(out.begin(), out.end(), j) == out.end();
    if (fresh) out.push_back(j);
    return fresh;
  };
  for (const std::int64_t forced : {q.diagonal, q.diagonal - 1, std::int64_t{0}}) add(forced);
  const std::int64_t wanted = std::min(q.params.integer("blocks"), q.diagonal + 1);
  for (std::int64_t n = 0; static_cast<std::int64_t>(out.size()) < wanted; ++n) {
    const std::int64_t row = row_drawn(q, n);
    const std::int64_t past = q.diagonal - (q.i - row);  // the diagonal of that row, about
    bool found = false;
    for (std::int64_t attempt = 0; past >= 1 && !found && attempt < kAttempts; ++attempt) {
      found = add(past - draw_distance(q, past, row, kNumbers * n + 2 * attempt + 1));
    }
    // All draws are taken: the nearest past block that is free.
    for (std::int64_t j = q.diagonal; !found && j >= 0; --j) found = add(j);
  }
  return out;
}

ATTNSIM_REGISTER_MASK("topk_blocks", [] {
  return MaskGenerator{
      .info = {.name = "topk_blocks",
               .summary = "first, own and previous block, and drawn past ones, so many in a row",
               .source = "Yuan et al. 2025 (NSA), arXiv 2502.11089, section 3.3; Lu et al. 2025 "
                         "(MoBA), arXiv 2502.13189, section 2.2",
               .params = {integer_param(
                              "blocks", "blocks", 0, "16",
                              "key blocks in a row; the three forced ones are part of it"),
                          {.name = "locality",
                           .type = ParamType::integer,
                           .unit = "percent",
                           .default_value = "50",
                           .doc = "chance that a draw is that of the row before",
                           .minimum = 0,
                           .maximum = 100}},
               .draws = true},
      .blocks = blocks};
});

}  // namespace
}  // namespace attnsim
