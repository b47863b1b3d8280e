// Where tensors lie, and which lines of a cache their regions touch.
#include "sim/trace/tensor_layout.h"

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/machine/line_span.h"

namespace attnsim {
namespace {

using Rects = std::vector<ByteRect>;

Rects rects(const TensorLayout& layout, std::size_t tensor, std::int64_t row, std::int64_t col,
            std::int64_t rows, std::int64_t cols) {
  Rects out;
  layout.for_each_rect(tensor, row, col, rows, cols,
                       [&](const ByteRect& rect) { out.push_back(rect); });
  return out;
}

TEST(TensorLayout, TensorsStandOneAfterAnotherOnAlignedBases) {
  const TensorLayout layout({{"A", TensorRole::query, DType::f16, 2, 3, 8},
                             {"B", TensorRole::lse, DType::f32, 1, 10, 1}});
  EXPECT_EQ(layout.base(0), 0x10000000U);
  EXPECT_EQ(layout.base(1), 0x10000100U);  // 2 x 3 x 8 x 2 = 96 bytes, then the boundary
  // Whole rows are one run, also over the border of planes.
  EXPECT_EQ(rects(layout, 0, 1, 0, 4, 8), (Rects{{0x10000010, 64, 1, 16}}));
  EXPECT_EQ(rects(layout, 0, 3, 2, 3, 4), (Rects{{0x10000000 + 3 * 16 + 4, 8, 3, 16}}));
  EXPECT_TRUE(layout.contains(0, 5, 0, 1, 8));
  EXPECT_FALSE(layout.contains(0, 5, 0, 2, 8));
  EXPECT_FALSE(layout.contains(0, 5, 1, 1, 8));
}

TEST(TensorLayout, OnTheUniformMachineAnElementIsAWord) {
  const MachineSpec machine{.id = {},
                            .name = {},
                            .uniform_words = true,
                            .memories = {{.name = "hbm"}},
                            .roles = {"hbm", "hbm", "hbm", "hbm", "hbm"}};
  const Workload workload{.dtype = DType::f16};
  const std::vector<TensorDecl> tensors = {{"A", TensorRole::lse, DType::f32, 1, 4, 8}};
  const TensorLayout words(tensors, Target(machine, workload));
  EXPECT_EQ(rects(words, 0, 1, 0, 1, 8), (Rects{{0x10000010, 16, 1, 16}}));
  EXPECT_EQ(rects(TensorLayout(tensors), 0, 1, 0, 1, 8), (Rects{{0x10000020, 32, 1, 32}}));
}

TEST(TensorLayout, InterleavedHeadsAreTakenApart) {
  // Two planes of two heads of four positions; rows of 16 bytes, heads of 64 bytes.
  const TensorLayout layout({{"Q", TensorRole::query, DType::f16, 2, 8, 8, 2}});
  constexpr std::uint64_t kBase = 0x10000000;
  EXPECT_EQ(rects(layout, 0, 0, 0, 8, 8), (Rects{{kBase, 64, 1, 16}, {kBase + 64, 64, 1, 16}}));
  // Rows 1 .. 3 are position 0 of head 1 and position 1 of both.
  EXPECT_EQ(rects(layout, 0, 1, 0, 3, 8),
            (Rects{{kBase + 16, 16, 1, 16}, {kBase + 64, 32, 1, 16}}));
  EXPECT_EQ(rects(layout, 0, 1, 0, 1, 8), (Rects{{kBase + 64, 16, 1, 16}}));
  // Part of the columns; over the border of planes.
  EXPECT_EQ(rects(layout, 0, 4, 4, 6, 2), (Rects{{kBase + 2 * 16 + 8, 4, 2, 16},
                                                 {kBase + 64 + 2 * 16 + 8, 4, 2, 16},
                                                 {kBase + 128 + 8, 4, 1, 16},
                                                 {kBase + 192 + 8, 4, 1, 16}}));
}

TEST(TensorLayout, TensorsThatDoNotFit) {
  const std::vector<TensorDecl> tensors(
      40, {"T", TensorRole::query, DType::f64, 1 << 18, 1 << 19, 1 << 19});
  try {
    const TensorLayout layout(tensors);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_STREQ(error.what(),
                 "tensor 'T' of 576460752303423488 bytes at address 8646911284819787776 ends above "
                 "2^63");
  }
}

TEST(LineSpan, ARunOfBytesTouchesWholeLines) {
  const machine::LineSpan inside = machine::span_of(256, 128, 64);
  EXPECT_EQ(inside.lines.first, 4U);
  EXPECT_EQ(inside.lines.count, 2U);
  EXPECT_TRUE(inside.covered);
  const machine::LineSpan across = machine::span_of(250, 10, 64);
  EXPECT_EQ(across.lines.first, 3U);
  EXPECT_EQ(across.lines.count, 2U);
  EXPECT_FALSE(across.covered);
}

TEST(LineSpan, RowsThatAreEqualRowsOfLinesAreARectangle) {
  const auto rect =
      machine::rect_of({.address = 320, .row_bytes = 128, .rows = 3, .pitch = 256}, 64);
  ASSERT_TRUE(rect);
  EXPECT_EQ(rect->row.lines.first, 5U);
  EXPECT_EQ(rect->row.lines.count, 2U);
  EXPECT_EQ(rect->rows, 3U);
  EXPECT_EQ(rect->stride, 4U);
  EXPECT_TRUE(rect->row.covers_lines);
  EXPECT_FALSE(machine::rect_of({.address = 320, .row_bytes = 128, .rows = 3, .pitch = 224}, 64));
  // Rows that share a line: the end of one is the beginning of the next.
  EXPECT_FALSE(machine::rect_of({.address = 332, .row_bytes = 120, .rows = 3, .pitch = 128}, 64));
  EXPECT_TRUE(machine::rect_of({.address = 332, .row_bytes = 120, .rows = 1, .pitch = 128}, 64));
}

}  // namespace
}  // namespace attnsim
