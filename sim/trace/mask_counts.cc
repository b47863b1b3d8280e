#include "sim/trace/mask_counts.h"

#include <algorithm>

#include "sim/core/error.h"

namespace attnsim {
namespace {

/// Rows r0 .. r1 and columns c0 .. c1, all included.
struct Rectangle {
  std::int64_t r0, r1, c0, c1;

  std::uint64_t area() const { return static_cast<std::uint64_t>((r1 - r0 + 1) * (c1 - c0 + 1)); }
};

bool meets(const Band& band, const Rectangle& x) {
  return x.c1 - x.r0 >= band.lo && x.c0 - x.r1 <= band.hi;
}

bool inside(const Band& band, const Rectangle& x) {
  return x.c0 - x.r1 >= band.lo && x.c1 - x.r0 <= band.hi;
}

std::uint64_t elements_in(const Band& band, const Rectangle& x) {
  if (!meets(band, x)) return 0;
  if (inside(band, x)) return x.area();
  const std::int64_t offset = x.c0 - x.r0;
  return visited_elements({.rows = x.r1 - x.r0 + 1,
                           .cols = x.c1 - x.c0 + 1,
                           .lo = band.lo - offset,
                           .hi = band.hi - offset},
                          1, 1);
}

/// Calls visit(rectangle) for every visible block, clipped to the plane.
template <typename Visit>
void for_each_block(const BlockMask& mask, std::int64_t plane, const Band& band,
                    const Visit& visit) {
  const std::int64_t block = mask.block();
  const PlaneBlocks& blocks = mask.plane(plane);
  for (std::int64_t i = 0; i < mask.rows(); ++i) {
    for (const std::int64_t j : blocks.by_row[static_cast<std::size_t>(i)]) {
      visit(Rectangle{.r0 = i * block,
                      .r1 = std::min((i + 1) * block, band.rows) - 1,
                      .c0 = j * block,
                      .c1 = std::min((j + 1) * block, band.cols) - 1});
    }
  }
}

std::uint64_t count(const std::vector<bool>& marks) {
  return static_cast<std::uint64_t>(std::count(marks.begin(), marks.end(), true));
}

void mark(std::vector<bool>& marks, std::int64_t first, std::int64_t last) {
  for (std::int64_t x = first; x <= last; ++x) marks[static_cast<std::size_t>(x)] = true;
}

Visits scaled(Visits v, std::uint64_t n) {
  for (std::uint64_t* sum : {&v.tiles, &v.rows, &v.columns, &v.elements, &v.seeing_rows}) {
    *sum *= n;
  }
  return v;
}

void add(Visits& sum, const Visits& v) {
  sum.tiles += v.tiles;
  sum.rows += v.rows;
  sum.columns += v.columns;
  sum.elements += v.elements;
  sum.seeing_rows += v.seeing_rows;
}

std::int64_t blocks_in(std::int64_t extent, std::int64_t size) {
  return (extent + size - 1) / size;
}

}  // namespace

MaskCounts::MaskCounts(const Workload& w, std::int64_t row_group)
    : w_(w),
      band_(band_of(w, row_group)),
      planes_(w.query_planes() / row_group),
      blocks_(block_mask_of(w)) {
  ATTNSIM_CHECK(blocks_ == nullptr || row_group == 1, "block masks have no packed rows");
}

Visits MaskCounts::visits(std::int64_t Br, std::int64_t Bc) const {
  if (blocks_ == nullptr) {
    return scaled({.tiles = visited_tiles(band_, Br, Bc),
                   .rows = visited_rows(band_, Br, Bc),
                   .columns = visited_columns(band_, Br, Bc),
                   .elements = visited_elements(band_, Br, Bc),
                   .seeing_rows = seeing_rows(band_, Br)},
                  static_cast<std::uint64_t>(planes_));
  }
  Visits sum;
  for (std::int64_t plane = 0; plane < blocks_->planes(); ++plane) {
    add(sum, visits_of_plane(plane, Br, Bc));
  }
  return scaled(sum, times());
}

std::uint64_t MaskCounts::times() const {
  return static_cast<std::uint64_t>(planes_ / blocks_->planes());
}

Visits MaskCounts::visits_of_plane(std::int64_t plane, std::int64_t Br, std::int64_t Bc) const {
  const std::int64_t block = blocks_->block();
  const PlaneBlocks& blocks = blocks_->plane(plane);
  Visits sum;
  std::vector<bool> touched(static_cast<std::size_t>(blocks_in(band_.cols, Bc)));
  for (std::int64_t r = 0; r < band_.rows; r += Br) {
    const std::int64_t end = std::min(r + Br, band_.rows);
    std::fill(touched.begin(), touched.end(), false);
    for (std::int64_t i = r / block; i * block < end; ++i) {
      for (const std::int64_t j : blocks.by_row[static_cast<std::size_t>(i)]) {
        for (std::int64_t t = j * block / Bc; t * Bc < std::min((j + 1) * block, band_.cols); ++t) {
          const Rectangle common{.r0 = std::max(r, i * block),
                                 .r1 = std::min(end, (i + 1) * block) - 1,
                                 .c0 = std::max(j * block, t * Bc),
                                 .c1 = std::min({(j + 1) * block, (t + 1) * Bc, band_.cols}) - 1};
          if (meets(band_, common)) touched[static_cast<std::size_t>(t)] = true;
        }
      }
    }
    const std::uint64_t tiles = count(touched);
    if (tiles == 0) continue;
    const auto rows = static_cast<std::uint64_t>(end - r);
    std::uint64_t columns = tiles * static_cast<std::uint64_t>(Bc);
    if (touched.back()) {
      const auto padded = static_cast<std::int64_t>(touched.size()) * Bc;
      columns -= static_cast<std::uint64_t>(padded - band_.cols);
    }
    add(sum, {.tiles = tiles,
              .rows = tiles * rows,
              .columns = columns,
              .elements = columns * rows,
              .seeing_rows = rows});
  }
  return sum;
}

std::uint64_t MaskCounts::visible_pairs() const {
  if (blocks_ == nullptr) {
    return visited_elements(band_, 1, 1) * static_cast<std::uint64_t>(planes_);
  }
  return visible().pairs;
}

VisibleCounts MaskCounts::visible() const {
  VisibleCounts sum;
  const std::int64_t heads = blocks_->planes() == 1 ? 1 : w_.group();  // that differ on a KV head
  for (std::int64_t first = 0; first < blocks_->planes(); first += heads) {
    std::vector<bool> keys(static_cast<std::size_t>(band_.cols));
    for (std::int64_t plane = first; plane < first + heads; ++plane) {
      std::vector<bool> rows(static_cast<std::size_t>(band_.rows));
      for_each_block(*blocks_, plane, band_, [&](const Rectangle& x) {
        sum.pairs += elements_in(band_, x);
        mark(rows, std::max(x.r0, x.c0 - band_.hi), std::min(x.r1, x.c1 - band_.lo));
        mark(keys, std::max(x.c0, x.r0 + band_.lo), std::min(x.c1, x.r1 + band_.hi));
      });
      sum.rows += count(rows);
    }
    sum.keys += count(keys);
  }
  if (blocks_->planes() > 1) return sum;
  const auto planes = static_cast<std::uint64_t>(planes_);
  return {sum.pairs * planes, sum.rows * planes,
          sum.keys * static_cast<std::uint64_t>(w_.kv_planes())};
}

std::optional<Density> MaskCounts::density(std::int64_t Br, std::int64_t Bc) const {
  if (!w_.masked()) return std::nullopt;
  const Visits v = visits(Br, Bc);
  const std::int64_t tiles = blocks_in(band_.rows, Br) * blocks_in(band_.cols, Bc) * planes_;
  return Density{.tiles = static_cast<std::uint64_t>(tiles),
                 .visited_tiles = v.tiles,
                 .visited_elements = v.elements,
                 .visible_elements = visible_pairs()};
}

std::uint64_t MaskCounts::list_words(std::int64_t lists, const Visits& visits) const {
  if (blocks_ == nullptr) return 0;
  return static_cast<std::uint64_t>(lists * planes_) + visits.tiles;
}

std::uint64_t MaskCounts::cost() const {
  if (blocks_ == nullptr) return 1;
  std::uint64_t blocks = 0;
  for (const auto& row : blocks_->plane(0).by_row) blocks += 1 + row.size();
  return 1 + blocks * static_cast<std::uint64_t>(blocks_->planes()) / 16;
}

void add_list_term(ClosedForm& form, std::uint64_t words, std::string_view tensor) {
  if (words > 0) form.push_back({.tensor = tensor, .dtype = DType::i32, .read = words});
}

}  // namespace attnsim
