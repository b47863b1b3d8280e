// The order in which a kernel's tasks are handed out.
#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/trace/program.h"

namespace attnsim {
namespace {

Kernel kernel_of(std::vector<GridDim> grid, Launch launch) {
  return {.name = "k", .grid = std::move(grid), .launch = std::move(launch)};
}

std::vector<std::int64_t> order_of(const Kernel& kernel) {
  std::vector<std::int64_t> order;
  for (std::int64_t n = 0; n < kernel.tasks(); ++n) order.push_back(kernel.scheduled(n));
  return order;
}

using Order = std::vector<std::int64_t>;

TEST(TaskOrder, OfIssueIsThatOfTheNumbers) {
  EXPECT_EQ(order_of(kernel_of({{"row", 2}, {"plane", 2}}, {})), (Order{0, 1, 2, 3}));
}

TEST(TaskOrder, LongestFirstGoesDownTheRowsOfAllPlanes) {
  EXPECT_EQ(order_of(kernel_of({{"row", 3}, {"plane", 2}}, {.order = TaskOrder::longest_first})),
            (Order{2, 5, 1, 4, 0, 3}));
}

/// Planes 0 and 1 to the end, then plane 2.
TEST(TaskOrder, LongestFirstGoesThroughSectionsOneAfterAnother) {
  const Kernel kernel =
      kernel_of({{"row", 2}, {"plane", 3}}, {.order = TaskOrder::longest_first, .section = 2});
  EXPECT_EQ(order_of(kernel), (Order{1, 3, 0, 2, 5, 4}));
}

RC_GTEST_PROP(TaskOrder, HandsOutEveryTaskOnce, ()) {
  const auto extent = [] { return *rc::gen::inRange<std::int64_t>(1, 9); };
  const Kernel kernel =
      kernel_of({{"row", extent()}, {"plane", extent()}, {"batch", extent()}},
                {.order = TaskOrder::longest_first, .section = *rc::gen::inRange(0, 12)});
  Order order = order_of(kernel);
  std::sort(order.begin(), order.end());
  Order all(order.size());
  std::iota(all.begin(), all.end(), 0);
  RC_ASSERT(order == all);
}

}  // namespace
}  // namespace attnsim
