#include <cmath>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include "sim/report/format.h"

namespace attnsim::report {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(Thousands, GroupsByThree) {
  EXPECT_EQ(thousands(0), "0");
  EXPECT_EQ(thousands(999), "999");
  EXPECT_EQ(thousands(1000), "1,000");
  EXPECT_EQ(thousands(123456), "123,456");
  EXPECT_EQ(thousands(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(HumanBytes, ChoosesTheUnitAfterRounding) {
  EXPECT_EQ(human_bytes(Bytes(0)), "0 B");
  EXPECT_EQ(human_bytes(Bytes(1023)), "1023 B");
  EXPECT_EQ(human_bytes(Bytes(1024)), "1.0 KiB");
  EXPECT_EQ(human_bytes(Bytes(163 * 1024)), "163.0 KiB");
  EXPECT_EQ(human_bytes(Bytes(1024 * 1024 - 103)), "1023.9 KiB");
  EXPECT_EQ(human_bytes(Bytes(1024 * 1024 - 1)), "1.0 MiB");
  EXPECT_EQ(human_bytes(Bytes(std::uint64_t{80} << 30)), "80.0 GiB");
  EXPECT_EQ(human_bytes(Bytes(UINT64_MAX)), "16.0 EiB");
}

TEST(HumanBytes, TakesAmountsThatAreNoCounts) {
  EXPECT_EQ(human_bytes(12.5), "12.5 B");
  EXPECT_EQ(human_bytes(1e30), "867361737988.4 EiB");
  EXPECT_EQ(human_bytes(kInfinity), "-");
}

TEST(Si, KeepsThreeDigits) {
  EXPECT_EQ(si(0), "0");
  EXPECT_EQ(si(0.5), "0.5");
  EXPECT_EQ(si(999), "999");
  EXPECT_EQ(si(999.6), "1.00 k");
  EXPECT_EQ(si(1234), "1.23 k");
  EXPECT_EQ(si(12345), "12.3 k");
  EXPECT_EQ(si(274877906944.0), "275 G");
  EXPECT_EQ(si(-2e6), "-2.00 M");
  EXPECT_EQ(si(1e30), "1000000 Y");
  EXPECT_EQ(si(kInfinity), "inf");
}

TEST(Ratio, KeepsThreeDigits) {
  EXPECT_EQ(ratio(1), "x1.00");
  EXPECT_EQ(ratio(1.234), "x1.23");
  EXPECT_EQ(ratio(9.999), "x10.0");
  EXPECT_EQ(ratio(999.7), "x1,000");
  EXPECT_EQ(ratio(1234567), "x1,234,567");
  EXPECT_EQ(ratio(0.0042), "x0.0042");
  EXPECT_EQ(ratio(1e20), "x1e+20");
}

TEST(Ratio, IsADashWhereThereIsNone) {
  EXPECT_EQ(ratio(0), "-");
  EXPECT_EQ(ratio(-1), "-");
  EXPECT_EQ(ratio(std::nan("")), "-");
  EXPECT_EQ(ratio(kInfinity), "-");
}

TEST(Percent, NeverShowsSomethingAsNothing) {
  EXPECT_EQ(percent(0), "0.0 %");
  EXPECT_EQ(percent(0.0001), "< 0.1 %");
  EXPECT_EQ(percent(0.294), "29.4 %");
  EXPECT_EQ(percent(1.08), "108.0 %");
}

TEST(Number, IsExactWhereADoubleIs) {
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-1234), "-1,234");
  EXPECT_EQ(number(9007199254740991.0), "9,007,199,254,740,991");
  EXPECT_EQ(number(9007199254740992.0), "9.0072e+15");
  EXPECT_EQ(number(1.0 / 3), "0.333333");
  EXPECT_EQ(number(-1234567.89), "-1,234,567.9");
  EXPECT_EQ(number(999999.99), "1,000,000.0");
  EXPECT_EQ(number(std::nan("")), "nan");
}

TEST(ParamText, IsWhatAUserWrites) {
  EXPECT_EQ(param_text(true), "true");
  EXPECT_EQ(param_text(std::int64_t{-3}), "-3");
  EXPECT_EQ(param_text(0.5), "0.5");
  EXPECT_EQ(param_text(std::string("rows")), "rows");
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join({"a"}), "a");
  EXPECT_EQ(join({"a", "b"}, " | "), "a | b");
}

}  // namespace
}  // namespace attnsim::report
