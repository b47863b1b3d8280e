// Block masks: the generator of random numbers, every generator of masks as a picture, and what is
// refused. The pictures are drawn by hand; the reference's own definitions must show the same.
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/core/two_level.h"
#include "sim/replay/attention_problem.h"
#include "sim/trace/algorithm.h"
#include "sim/trace/philox.h"

namespace attnsim {
namespace {

// The known answers of the authors' library (Random123, kat_vectors).
TEST(Philox, GivesTheKnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

using Params = std::vector<std::pair<std::string, std::int64_t>>;

struct Picture {
  std::string kind;
  Params params;
  std::vector<std::string> rows;  // # visible
};

Workload masked(const std::string& kind, const Params& params, std::int64_t seqlen_q = 6,
                std::int64_t seqlen_kv = 6, std::int64_t block = 1) {
  Workload w{.heads = 2, .kv_heads = 1, .seqlen_q = seqlen_q, .seqlen_kv = seqlen_kv};
  w.mask = MaskSpec{.kind = kind, .block = block, .seed = 5};
  for (const auto& [name, value] : params) w.mask->params.set(name, value);
  return w;
}

std::vector<std::string> picture_of(const BlockMask& mask, std::int64_t plane = 0) {
  std::vector<std::string> rows;
  for (std::int64_t i = 0; i < mask.rows(); ++i) {
    std::string& row = rows.emplace_back();
    for (std::int64_t j = 0; j < mask.cols(); ++j) {
      row += mask.plane(plane).shows(i, j) ? '#' : '.';
    }
  }
  return rows;
}

std::vector<std::string> reference_picture(const Workload& w) {
  const reference::BlockMask mask(replay::block_mask_problem(w));
  std::vector<std::string> rows;
  for (std::int64_t r = 0; r < w.seqlen_q; r += w.mask->block) {
    std::string& row = rows.emplace_back();
    for (std::int64_t c = 0; c < w.seqlen_kv; c += w.mask->block) {
      row += mask.shows(0, r, c) ? '#' : '.';
    }
  }
  return rows;
}

class MaskPicture : public testing::TestWithParam<Picture> {};

TEST_P(MaskPicture, IsTheOneDrawn) {
  const Workload w = masked(GetParam().kind, GetParam().params);
  EXPECT_EQ(picture_of(BlockMask(w)), GetParam().rows);
  EXPECT_EQ(reference_picture(w), GetParam().rows);
}

INSTANTIATE_TEST_SUITE_P(
    All, MaskPicture,
    testing::Values(
        Picture{"causal", {}, {"#.....", "##....", "###...", "####..", "#####.", "######"}},
        Picture{
            "window", {{"width", 2}}, {"#.....", "##....", "###...", ".###..", "..###.", "...###"}},
        Picture{"dilated",
                {{"width", 2}, {"rate", 2}},
                {"#.....", ".#....", "#.#...", ".#.#..", "..#.#.", "...#.#"}},
        Picture{"global",
                {{"blocks", 1}},
                {"######", "#.....", "#.....", "#.....", "#.....", "#....."}},
        Picture{"random", {{"blocks", 6}}, std::vector<std::string>(6, "######")},
        Picture{"bigbird",
                {{"window", 3}, {"global", 1}, {"random", 0}},
                {"######", "###...", "####..", "#.###.", "#..###", "#...##"}},
        Picture{"longformer",
                {{"width", 3}, {"global", 0}},
                {"##....", "###...", ".###..", "..###.", "...###", "....##"}},
        Picture{"butterfly",
                {{"stride", 4}},
                {"###...", "##.#..", "#.##..", ".###..", "....##", "....##"}},
        Picture{"a_shape",
                {{"sink", 1}, {"recent", 1}},
                {"#.....", "##....", "###...", "#.##..", "#..##.", "#...##"}},
        Picture{"topk_blocks",
                {{"blocks", 3}, {"locality", 50}},
                {"#.....", "##....", "###...", "#.##..", "#..##.", "#...##"}}),
    [](const auto& instance) { return instance.param.kind; });

TEST(MaskPicture, EveryGeneratorIsDrawn) {
  const std::set<std::string> drawn = {"causal",  "window",     "dilated",    "global",
                                       "random",  "bigbird",    "longformer", "butterfly",
                                       "a_shape", "topk_blocks"};
  std::set<std::string> registered;
  for (const MaskInfo& mask : mask_catalogue()) {
    registered.insert(mask.name);
    EXPECT_FALSE(mask.summary.empty() || mask.source.empty()) << mask.name;
  }
  EXPECT_EQ(registered, drawn);
}

// Blocks of 2: with 4 queries and 6 keys the last query of a block row has own key 3, then 5.
TEST(BlockMask, TheDiagonalEndsInTheBottomRightCorner) {
  EXPECT_EQ(picture_of(BlockMask(masked("causal", {}, 4, 6, 2))),
            (std::vector<std::string>{"##.", "###"}));
  EXPECT_EQ(picture_of(BlockMask(masked("causal", {}, 6, 2, 2))),
            (std::vector<std::string>{".", ".", "#"}));
}

TEST(BlockMask, RandomMasksDifferByHeadAndSeedAndAreRepeatable) {
  const Workload w = masked("random", {{"blocks", 3}}, 40, 40);
  const BlockMask mask(w);
  EXPECT_TRUE(mask.differs_by_plane());
  for (const auto& row : mask.plane(0).by_row) EXPECT_EQ(row.size(), 3u);
  EXPECT_NE(picture_of(mask, 0), picture_of(mask, 1));
  EXPECT_EQ(picture_of(mask, 1), picture_of(BlockMask(w), 1));
  Workload other = w;
  other.mask->seed = 6;
  EXPECT_NE(picture_of(mask, 0), picture_of(BlockMask(other), 0));
  EXPECT_FALSE(BlockMask(masked("window", {{"width", 3}})).differs_by_plane());
}

// With full locality a draw is that of the first row that had room for it; without, rows differ.
TEST(BlockMask, LocalityKeepsBlocksFromRowToRow) {
  const auto shared = [](std::int64_t locality) {
    const Workload w = masked("topk_blocks", {{"blocks", 12}, {"locality", locality}}, 64, 64);
    const BlockMask mask(w);
    std::size_t count = 0;
    for (std::size_t i = 33; i < 64; ++i) {
      const auto& before = mask.plane(0).by_row[i - 1];
      for (const std::int32_t j : mask.plane(0).by_row[i]) {
        count += std::binary_search(before.begin(), before.end(), j) ? 1 : 0;
      }
    }
    return count;
  };
  EXPECT_GT(shared(90), shared(0));
}

std::string refusal(const Workload& w) {
  try {
    const BlockMask mask(w);
  } catch (const UserError& error) {
    return error.what();
  }
  return "";
}

TEST(BlockMask, RefusesWhatIsNoMask) {
  EXPECT_NE(refusal(masked("bigbrid", {})).find("did you mean 'bigbird'?"), std::string::npos);
  Workload w = masked(kRecordedMask, {}, 4, 6, 2);
  EXPECT_NE(refusal(w).find("expected 1 plane or batch x heads = 2, got 0"), std::string::npos);
  w.mask->recorded = {{.row_ptr = {0, 1, 2}, .col_idx = {0, 3}}};
  EXPECT_NE(refusal(w).find("col_idx below 3"), std::string::npos);
  w.mask->recorded = {{.row_ptr = {0, 1, 2}, .col_idx = {0, 2}}};
  EXPECT_EQ(refusal(w), "");
  EXPECT_EQ(picture_of(BlockMask(w)), (std::vector<std::string>{"#..", "..#"}));
}

TEST(BlockMask, PackedHeadsTakeNone) {
  const Workload workload = masked("causal", {});
  const MachineSpec machine = two_level_machine();
  const Algorithm algorithm = find_algorithm("flash_attention_2");
  AlgorithmChoice choice{.name = "flash_attention_2"};
  choice.params.set("pack_gqa", true);
  const Target target(machine, workload);
  EXPECT_THROW(algorithm.plan({workload, target, algorithm.info, choice}), UserError);
}

}  // namespace
}  // namespace attnsim
