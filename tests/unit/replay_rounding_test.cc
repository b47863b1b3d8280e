// Rounding to narrow types: published values, and every number of each format.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "sim/replay/rounding.h"

namespace attnsim::replay {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(RoundTo, Fp16) {
  const auto fp16 = [](double x) { return round_to(DType::f16, x); };
  EXPECT_EQ(fp16(65504), 65504);  // the largest
  EXPECT_EQ(fp16(65519.996), 65504);
  EXPECT_EQ(fp16(65520), kInfinity);  // halfway to what would be 2^16: ties to even
  EXPECT_EQ(fp16(-65520), -kInfinity);
  EXPECT_EQ(fp16(1 + 0x1p-11), 1);  // halfway
  EXPECT_EQ(fp16(1 + 3 * 0x1p-11), 1 + 0x1p-9);
  EXPECT_EQ(fp16(1 + 0x1p-11 + 0x1p-40), 1 + 0x1p-10);
  EXPECT_EQ(fp16(2049), 2048);
  EXPECT_EQ(fp16(2051), 2052);
  EXPECT_EQ(fp16(0x1p-24), 0x1p-24);  // the smallest subnormal
  EXPECT_EQ(fp16(0x1p-25), 0);        // halfway to zero
  EXPECT_EQ(fp16(0x1.8p-25), 0x1p-24);
  EXPECT_EQ(fp16(3 * 0x1p-25), 0x1p-23);
  EXPECT_EQ(fp16(0x1p-14 - 0x1p-26), 0x1p-14);
  EXPECT_EQ(fp16(0.1), 0.0999755859375);
}

TEST(RoundTo, Bf16) {
  const auto bf16 = [](double x) { return round_to(DType::bf16, x); };
  EXPECT_EQ(bf16(1 + 0x1p-8), 1);
  EXPECT_EQ(bf16(1 + 3 * 0x1p-8), 1 + 0x1p-6);
  EXPECT_EQ(bf16(3.14159265), 3.140625);
  EXPECT_EQ(bf16(255 * 0x1p120), 255 * 0x1p120);
  EXPECT_EQ(bf16(255.5 * 0x1p120), kInfinity);
  EXPECT_EQ(bf16(1e39), kInfinity);
  EXPECT_EQ(bf16(0x1p-133), 0x1p-133);  // the smallest subnormal
  EXPECT_EQ(bf16(0x1p-134), 0);
}

// NVIDIA, Arm and Intel, "FP8 Formats for Deep Learning", arXiv 2209.05433: E4M3 ends at 448.
TEST(RoundTo, Fp8E4m3Saturates) {
  const auto e4m3 = [](double x) { return round_to(DType::fp8_e4m3, x); };
  EXPECT_EQ(e4m3(448), 448);
  EXPECT_EQ(e4m3(464), 448);
  EXPECT_EQ(e4m3(1e9), 448);
  EXPECT_EQ(e4m3(-449), -448);
  EXPECT_EQ(e4m3(1.0625), 1);  // halfway
  EXPECT_EQ(e4m3(1.1875), 1.25);
  EXPECT_EQ(e4m3(17), 16);
  EXPECT_EQ(e4m3(19), 20);
  EXPECT_EQ(e4m3(0x1p-9), 0x1p-9);  // the smallest subnormal
  EXPECT_EQ(e4m3(0x1p-10), 0);
  EXPECT_EQ(e4m3(3 * 0x1p-10), 0x1p-8);
}

TEST(RoundTo, Fp8E5m2Saturates) {
  const auto e5m2 = [](double x) { return round_to(DType::fp8_e5m2, x); };
  EXPECT_EQ(e5m2(57344), 57344);
  EXPECT_EQ(e5m2(61440), 57344);
  EXPECT_EQ(e5m2(-1e9), -57344);
  EXPECT_EQ(e5m2(1.125), 1);
  EXPECT_EQ(e5m2(1.375), 1.5);
  EXPECT_EQ(e5m2(0x1p-16), 0x1p-16);
  EXPECT_EQ(e5m2(0x1p-17), 0);
}

TEST(RoundTo, Fp32IsTheMachines) {
  const auto fp32 = [](double x) { return round_to(DType::f32, x); };
  EXPECT_EQ(fp32(0.1), static_cast<double>(0.1f));
  EXPECT_EQ(fp32(1 + 0x1p-24), 1);
  EXPECT_EQ(fp32(1 + 3 * 0x1p-24), 1 + 0x1p-22);
  EXPECT_EQ(fp32(0x1p-149), 0x1p-149);
  EXPECT_EQ(fp32(0x1p-150), 0);
}

TEST(RoundTo, Fp64KeepsEverything) {
  EXPECT_EQ(round_to(DType::f64, 0.1), 0.1);
  EXPECT_EQ(round_to(DType::f64, 1e308), 1e308);
}

TEST(RoundTo, IntegersRoundToEvenAndClamp) {
  EXPECT_EQ(round_to(DType::i8, 2.5), 2);
  EXPECT_EQ(round_to(DType::i8, 3.5), 4);
  EXPECT_EQ(round_to(DType::i8, -2.5), -2);
  EXPECT_EQ(round_to(DType::i8, 200), 127);
  EXPECT_EQ(round_to(DType::i8, -1e30), -128);
  EXPECT_EQ(round_to(DType::i32, 1e10), 2147483647);
  EXPECT_EQ(round_to(DType::i32, -1e10), -2147483648.0);
  EXPECT_EQ(round_to(DType::i64, 1e15 + 0.5), 1e15);
}

TEST(RoundTo, KeepsZeroInfinityAndNan) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::fp8_e5m2}) {
    SCOPED_TRACE(name(dtype));
    EXPECT_EQ(round_to(dtype, 0.0), 0.0);
    EXPECT_TRUE(std::signbit(round_to(dtype, -0.0)));
    EXPECT_EQ(round_to(dtype, kInfinity), kInfinity);  // hidden scores are -inf
    EXPECT_EQ(round_to(dtype, -kInfinity), -kInfinity);
    EXPECT_TRUE(std::isnan(round_to(dtype, kNan)));
  }
  EXPECT_TRUE(std::isnan(round_to(DType::fp8_e4m3, kNan)));
  EXPECT_EQ(round_to(DType::fp8_e4m3, -kInfinity), -448.0);  // it has no infinity
}

/// A binary format by its field widths, decoded from bit patterns.
struct Layout {
  DType dtype;
  int exponent_bits, fraction_bits;
  bool has_infinity;  // else all exponents are numbers, and only all ones is NaN

  double decode(std::uint32_t code) const {
    const auto fraction = static_cast<double>(code & ((1u << fraction_bits) - 1));
    const int exponent = static_cast<int>(code >> fraction_bits);
    const int bias = (1 << (exponent_bits - 1)) - 1;
    if (exponent == 0) return std::ldexp(fraction, 1 - bias - fraction_bits);
    return std::ldexp(fraction + std::ldexp(1.0, fraction_bits), exponent - bias - fraction_bits);
  }

  /// All finite numbers that are not negative, ascending; a number's code is its place.
  std::vector<double> numbers() const {
    const std::uint32_t last_exponent = (1u << exponent_bits) - 1;
    const std::uint32_t end =
        has_infinity ? last_exponent << fraction_bits : ((last_exponent + 1) << fraction_bits) - 1;
    std::vector<double> out;
    for (std::uint32_t code = 0; code < end; ++code) out.push_back(decode(code));
    return out;
  }
};

class EveryNumber : public ::testing::TestWithParam<Layout> {};

TEST_P(EveryNumber, StaysItself) {
  for (const double x : GetParam().numbers()) {
    ASSERT_EQ(round_to(GetParam().dtype, x), x);
    ASSERT_EQ(round_to(GetParam().dtype, -x), -x);
  }
}

TEST_P(EveryNumber, AttractsWhatIsNearest) {
  const std::vector<double> numbers = GetParam().numbers();
  for (std::size_t code = 0; code + 1 < numbers.size(); ++code) {
    const double low = numbers[code];
    const double high = numbers[code + 1];
    const double middle = low + (high - low) / 2;
    const double even = code % 2 == 0 ? low : high;
    ASSERT_EQ(round_to(GetParam().dtype, middle), even) << low << " .. " << high;
    ASSERT_EQ(round_to(GetParam().dtype, std::nextafter(middle, 0)), low);
    ASSERT_EQ(round_to(GetParam().dtype, std::nextafter(middle, kInfinity)), high);
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, EveryNumber,
                         ::testing::Values(Layout{DType::f16, 5, 10, true},
                                           Layout{DType::bf16, 8, 7, true},
                                           Layout{DType::fp8_e4m3, 4, 3, false},
                                           Layout{DType::fp8_e5m2, 5, 2, true},
                                           Layout{DType::tf32, 8, 10, true}),
                         [](const auto& format) { return std::string(name(format.param.dtype)); });

TEST(UnitRoundoff, IsHalfTheGapAboveOne) {
  EXPECT_EQ(unit_roundoff(DType::f64), 0x1p-53);
  EXPECT_EQ(unit_roundoff(DType::f32), 0x1p-24);
  EXPECT_EQ(unit_roundoff(DType::f16), 0x1p-11);
  EXPECT_EQ(unit_roundoff(DType::bf16), 0x1p-8);
  EXPECT_EQ(unit_roundoff(DType::fp8_e4m3), 0x1p-4);
  EXPECT_EQ(unit_roundoff(DType::fp8_e5m2), 0x1p-3);
  EXPECT_EQ(unit_roundoff(DType::tf32), 0x1p-11);
}

}  // namespace
}  // namespace attnsim::replay
