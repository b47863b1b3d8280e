// What every registered generator of masks keeps: it is described, documented, repeatable, and a
// mask that does not draw is the same for all heads.
#include <gtest/gtest.h>

#include "sim/trace/block_mask.h"
#include "tests/contract/source_tree.h"

namespace attnsim {
namespace {

std::string manual() {
  for (const contract::SourceFile& file : contract::repository_files()) {
    if (file.path == "docs/masks.md") return file.text;
  }
  return "";
}

Workload workload_with(const MaskInfo& info) {
  Workload w{.heads = 3, .kv_heads = 3, .seqlen_q = 900, .seqlen_kv = 1000};
  w.mask = MaskSpec{.kind = info.name, .block = 16, .params = completed({}, info.params)};
  return w;
}

TEST(Masks, AreInTheManualWithTheirParametersAndDefaults) {
  const std::string text = manual();
  ASSERT_FALSE(mask_catalogue().empty());
  for (const MaskInfo& info : mask_catalogue()) {
    const std::size_t row = text.find("| `" + info.name + "` |");
    ASSERT_NE(row, std::string::npos) << info.name;
    const std::string line = text.substr(row, text.find('\n', row) - row);
    for (const ParamSpec& param : info.params) {
      EXPECT_NE(line.find("`" + param.name + "` (" + param.default_value), std::string::npos)
          << info.name << " " << param.name;
      EXPECT_EQ(param.type, ParamType::integer) << info.name << ": the reference takes integers";
    }
  }
}

TEST(Masks, AreRepeatableAndDifferByHeadOnlyWhereTheyDraw) {
  for (const MaskInfo& info : mask_catalogue()) {
    const Workload w = workload_with(info);
    const BlockMask mask(w);
    const BlockMask again(w);
    EXPECT_EQ(mask.differs_by_plane(), info.draws) << info.name;
    for (const std::int64_t plane : {2, 0, 2}) {
      EXPECT_EQ(mask.plane(plane).by_row, again.plane(plane).by_row) << info.name;
    }
    EXPECT_EQ(mask.plane(0).by_row == BlockMask(w).plane(1).by_row, !info.draws) << info.name;
  }
}

TEST(Masks, ListsByRowAndByKeyAgreeAndAscend) {
  for (const MaskInfo& info : mask_catalogue()) {
    const BlockMask mask(workload_with(info));
    const PlaneBlocks& blocks = mask.plane(1);
    std::size_t by_row = 0;
    std::size_t by_col = 0;
    for (std::size_t i = 0; i < blocks.by_row.size(); ++i) {
      by_row += blocks.by_row[i].size();
      EXPECT_TRUE(std::is_sorted(blocks.by_row[i].begin(), blocks.by_row[i].end())) << info.name;
    }
    for (std::size_t j = 0; j < blocks.by_col.size(); ++j) {
      by_col += blocks.by_col[j].size();
      for (const std::int32_t i : blocks.by_col[j]) {
        EXPECT_TRUE(blocks.shows(i, static_cast<std::int64_t>(j))) << info.name;
      }
    }
    EXPECT_EQ(by_row, by_col) << info.name;
    EXPECT_GT(by_row, 0u) << info.name;
  }
}

}  // namespace
}  // namespace attnsim
