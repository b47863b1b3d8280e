// Arrays of values for tests of the reference functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

namespace attnsim::test {

using Array = std::vector<double>;

inline void expect_near(const Array& actual, const Array& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) {
    EXPECT_NEAR(actual[i], expected[i], tolerance) << "element " << i;
  }
}

/// `count` values in [-1, 1), without a pattern and the same on every platform.
inline Array scattered(std::int64_t count, std::uint32_t seed) {
  Array values;
  for (std::int64_t i = 0; i < count; ++i) {
    seed = seed * 1664525u + 1013904223u;
    values.push_back(static_cast<double>(seed >> 8) / 8388608.0 - 1.0);
  }
  return values;
}

}  // namespace attnsim::test
