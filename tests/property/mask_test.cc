// Block masks on random problems: what a kernel visits, what the counts say, and what the masks
// show, each against a count of single elements. The elements come from lists made here, or from
// the reference's own definition of a mask.
#include "sim/trace/mask.h"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/replay/attention_problem.h"
#include "sim/trace/mask_counts.h"
#include "tests/property/walked_run.h"

namespace attnsim {
namespace {

using walker::WalkCase;

/// Lists of any density from none to all, with empty rows and columns; the same as rows of blocks.
MaskSpec any_lists(const Workload& w, reference::BlockMaskProblem& problem) {
  MaskSpec mask{.kind = kRecordedMask, .block = any_from(1, 20, "block")};
  const auto planes = *rc::gen::arbitrary<bool>().as("one plane for all") ? 1 : w.query_planes();
  const std::int64_t percent = any_from(0, 100, "percent visible");
  for (std::int64_t plane = 0; plane < planes; ++plane) {
    auto& rows = problem.lists.emplace_back();
    BlockLists& lists = mask.recorded.emplace_back();
    lists.row_ptr.push_back(0);
    for (std::int64_t i = 0; i * mask.block < w.seqlen_q; ++i) {
      auto& row = rows.emplace_back();
      for (std::int64_t j = 0; j * mask.block < w.seqlen_kv; ++j) {
        if (*rc::gen::inRange<std::int64_t>(0, 100) < percent) row.push_back(j);
      }
      lists.col_idx.insert(lists.col_idx.end(), row.begin(), row.end());
      lists.row_ptr.push_back(static_cast<std::int64_t>(lists.col_idx.size()));
    }
  }
  return mask;
}

MaskSpec any_generated() {
  const std::vector<MaskInfo> masks = mask_catalogue();
  const MaskInfo info = *rc::gen::elementOf(masks).as("mask");
  MaskSpec mask{.kind = info.name,
                .block = any_from(1, 20, "block"),
                .seed = *rc::gen::arbitrary<std::uint64_t>().as("seed")};
  for (const ParamSpec& param : info.params) {
    const std::int64_t most = std::min(param.maximum, param.minimum + 30);
    mask.params.set(param.name, any_from(param.minimum, most, "parameter"));
  }
  return mask;
}

/// Any mask for the workload, and what it shows by the reference.
reference::BlockMask any_mask(Workload& w) {
  if (*rc::gen::arbitrary<bool>().as("recorded")) {
    reference::BlockMaskProblem problem;
    w.mask = any_lists(w, problem);
    const auto lists = problem.lists;
    problem = replay::block_mask_problem(w);
    problem.lists = lists;
    return reference::BlockMask(problem);
  }
  w.mask = any_generated();
  return reference::BlockMask(replay::block_mask_problem(w));
}

void check_kernel(walker::Algorithm algorithm) {
  WalkCase w = any_problem(algorithm);
  w.heads = w.kv_heads * any_from(1, 2, "heads of a group");
  w.block_rows = any_from(1, w.seqlen_q, "rows");
  w.block_cols = any_from(1, w.seqlen_kv, "keys");
  w.tile = any_from(2, 56, "B");
  w.depth = *rc::gen::element(std::int64_t{1}, w.tile);
  w.stable = *rc::gen::arbitrary<bool>().as("stable");
  w.block_rows_dq = any_from(1, w.seqlen_q, "rows, kernel of dQ");
  w.block_cols_dq = any_from(1, w.seqlen_kv, "keys, kernel of dQ");
  w.atomic = algorithm == walker::Algorithm::flash_attention_2_backward &&
             *rc::gen::arbitrary<bool>().as("atomic");
  const bool backward = walker::is_backward(algorithm);
  w.row_fits = backward ? 2 * w.seqlen_kv + 1 <= 100 : w.seqlen_kv + 2 <= 100;
  RunSpec run = run_of(w, 100, DType::f16);
  const reference::BlockMask mask = any_mask(run.workload);
  w.shows = [&mask](std::int64_t plane, std::int64_t row, std::int64_t key) {
    return mask.shows(plane, row, key);
  };
  const replay::PlannedRun planned(run);
  const Result result = expect_agreement(planned, w);
  for (const BoundRow& bound : result.bounds) {
    const bool binds = bound.rigorous && bound.applies && bound.kind == "lower";
    if (binds) RC_ASSERT(bound.ratio >= 1.0 || bound.words == 0);
  }
}

RC_GTEST_PROP(MaskedWalk, Standard, ()) { check_kernel(walker::Algorithm::standard); }
RC_GTEST_PROP(MaskedWalk, FlashAttention1, ()) {
  check_kernel(walker::Algorithm::flash_attention_1);
}
RC_GTEST_PROP(MaskedWalk, FlashAttention1Trimmed, ()) {
  check_kernel(walker::Algorithm::flash_attention_1_trimmed);
}
RC_GTEST_PROP(MaskedWalk, FlashAttention2, ()) {
  check_kernel(walker::Algorithm::flash_attention_2);
}
RC_GTEST_PROP(MaskedWalk, StandardBackward, ()) {
  check_kernel(walker::Algorithm::standard_backward);
}
RC_GTEST_PROP(MaskedWalk, FlashAttention1Backward, ()) {
  check_kernel(walker::Algorithm::flash_attention_1_backward);
}
RC_GTEST_PROP(MaskedWalk, FlashAttention2Backward, ()) {
  check_kernel(walker::Algorithm::flash_attention_2_backward);
}
RC_GTEST_PROP(MaskedWalk, TwoKernelBackward, ()) {
  check_kernel(walker::Algorithm::two_kernel_backward);
}
RC_GTEST_PROP(MaskedWalk, SmallCacheBackward, ()) {
  check_kernel(walker::Algorithm::small_cache_backward);
}
RC_GTEST_PROP(MaskedWalk, ParameterGradient, ()) {
  check_kernel(walker::Algorithm::parameter_gradient);
}
RC_GTEST_PROP(MaskedWalk, SquareTiling, ()) { check_kernel(walker::Algorithm::square_tiling); }
RC_GTEST_PROP(MaskedWalk, Flat, ()) { check_kernel(walker::Algorithm::flat); }

Workload any_workload() {
  const WalkCase w = any_problem(walker::Algorithm::flash_attention_2);
  return run_of(w, 100, DType::f16).workload;
}

/// What an element count says about the tile of rows r .. and keys c ..
struct Tile {
  std::int64_t elements = 0, visible = 0;
};

class Elements {
 public:
  Elements(const Workload& w, const reference::BlockMask& mask) : w_(w), mask_(mask) {}

  bool shows(std::int64_t plane, std::int64_t row, std::int64_t key) const {
    const std::int64_t ahead = key - (row + w_.seqlen_kv - w_.seqlen_q);
    return (!w_.causal || ahead <= 0) && (!w_.window_right || ahead <= *w_.window_right) &&
           (!w_.window_left || -ahead <= *w_.window_left) && mask_.shows(plane, row, key);
  }

  Tile tile(std::int64_t plane, std::int64_t i, std::int64_t Br, std::int64_t j,
            std::int64_t Bc) const {
    Tile t;
    for (std::int64_t r = i * Br; r < std::min((i + 1) * Br, w_.seqlen_q); ++r) {
      for (std::int64_t c = j * Bc; c < std::min((j + 1) * Bc, w_.seqlen_kv); ++c) {
        ++t.elements;
        if (shows(plane, r, c)) ++t.visible;
      }
    }
    return t;
  }

 private:
  const Workload& w_;
  const reference::BlockMask& mask_;
};

/// Every visible tile is in one run, full exactly where nothing is hidden.
void check_runs(const std::vector<Run>& runs, std::int64_t tiles, const auto& tile_at) {
  std::int64_t next = 0;
  const auto skipped = [&](std::int64_t until) {
    for (; next < until; ++next) RC_ASSERT(tile_at(next).visible == 0);
  };
  for (const Run& run : runs) {
    skipped(run.begin);
    for (; next < run.end; ++next) {
      const Tile tile = tile_at(next);
      RC_ASSERT(tile.visible > 0);
      RC_ASSERT((run.kind == TileKind::full) == (tile.visible == tile.elements));
    }
  }
  skipped(tiles);
}

RC_GTEST_PROP(BlockMasks, RunsHoldTheVisibleTilesAndTheirKinds, ()) {
  Workload w = any_workload();
  const reference::BlockMask reference = any_mask(w);
  const Elements elements(w, reference);
  const std::int64_t Br = any_from(1, 30, "Br");
  const std::int64_t Bc = any_from(1, 30, "Bc");
  const AttentionMask mask(w);
  const std::int64_t row_tiles = ceil_div(w.seqlen_q, Br);
  const std::int64_t key_tiles = ceil_div(w.seqlen_kv, Bc);
  const std::int64_t plane = any_from(0, w.query_planes() - 1, "plane");
  for (std::int64_t i = 0; i < row_tiles; ++i) {
    check_runs(mask.key_blocks(plane, i, Br, Bc), key_tiles,
               [&](std::int64_t j) { return elements.tile(plane, i, Br, j, Bc); });
  }
  for (std::int64_t j = 0; j < key_tiles; ++j) {
    check_runs(mask.row_blocks(plane, j, Br, Bc), row_tiles,
               [&](std::int64_t i) { return elements.tile(plane, i, Br, j, Bc); });
  }
  const BlockMask blocks(w);
  for (std::int64_t row = 0; row < w.seqlen_q; ++row) {
    for (std::int64_t key = 0; key < w.seqlen_kv; ++key) {
      RC_ASSERT(blocks.shows(plane * w.seqlen_q + row, key) == elements.shows(plane, row, key));
    }
  }
}

RC_GTEST_PROP(BlockMasks, CountsAreThoseOfElements, ()) {
  Workload w = any_workload();
  const reference::BlockMask reference = any_mask(w);
  const Elements elements(w, reference);
  const std::int64_t Br = any_from(1, 30, "Br");
  const std::int64_t Bc = any_from(1, 30, "Bc");
  Visits visits;
  VisibleCounts visible;
  std::set<std::pair<std::int64_t, std::int64_t>> keys;  // (KV plane, key)
  for (std::int64_t plane = 0; plane < w.query_planes(); ++plane) {
    for (std::int64_t i = 0; i * Br < w.seqlen_q; ++i) {
      const std::int64_t rows = std::min(Br, w.seqlen_q - i * Br);
      bool seeing = false;
      for (std::int64_t j = 0; j * Bc < w.seqlen_kv; ++j) {
        const Tile tile = elements.tile(plane, i, Br, j, Bc);
        if (tile.visible == 0) continue;
        seeing = true;
        ++visits.tiles;
        visits.rows += static_cast<std::uint64_t>(rows);
        visits.columns += static_cast<std::uint64_t>(tile.elements / rows);
        visits.elements += static_cast<std::uint64_t>(tile.elements);
        visible.pairs += static_cast<std::uint64_t>(tile.visible);
      }
      if (seeing) visits.seeing_rows += static_cast<std::uint64_t>(rows);
    }
    for (std::int64_t row = 0; row < w.seqlen_q; ++row) {
      bool sees = false;
      for (std::int64_t key = 0; key < w.seqlen_kv; ++key) {
        if (!elements.shows(plane, row, key)) continue;
        sees = true;
        keys.emplace(plane / w.group(), key);
      }
      if (sees) ++visible.rows;
    }
  }
  const MaskCounts counts(w);
  const Visits got = counts.visits(Br, Bc);
  RC_ASSERT(got.tiles == visits.tiles);
  RC_ASSERT(got.rows == visits.rows);
  RC_ASSERT(got.columns == visits.columns);
  RC_ASSERT(got.elements == visits.elements);
  RC_ASSERT(got.seeing_rows == visits.seeing_rows);
  const VisibleCounts seen = counts.visible();
  RC_ASSERT(seen.pairs == visible.pairs);
  RC_ASSERT(seen.rows == visible.rows);
  RC_ASSERT(seen.keys == keys.size());
  RC_ASSERT(counts.visible_pairs() == visible.pairs);
}

}  // namespace
}  // namespace attnsim
