// Scalars and quantities: what is a number, and what only looks like one.
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

#include <gtest/gtest.h>

#include "sim/config/quantity.h"
#include "sim/config/scalar.h"

namespace attnsim::config {
namespace {

TEST(ConfigScalar, IntegersAreDecimalDigits) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-7"), -7);
  EXPECT_EQ(parse_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  for (const char* text : {"", "-", "+1", "01", "-01", "0x10", "1.0", "1e3", "1_000", " 1", "1 ",
                           "9223372036854775808", "one", "0o7"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_integer(std::string(400, '9')), std::nullopt);
}

TEST(ConfigScalar, RealsAreJsonNumbers) {
  EXPECT_EQ(parse_real("2.039"), 2.039);
  EXPECT_EQ(parse_real("-1.5e-3"), -1.5e-3);
  EXPECT_EQ(parse_real("1E2"), 100.0);
  EXPECT_EQ(parse_real("0"), 0.0);
  for (const char* text : {"", ".5", "5.", "01.5", "+1", "inf", "nan", ".inf", "1e", "0x1p3",
                           "1e400", "1e99999999999"}) {
    EXPECT_EQ(parse_real(text), std::nullopt) << text;
  }
}

TEST(ConfigScalar, BooleansAreTrueAndFalse) {
  EXPECT_EQ(parse_boolean("true"), true);
  EXPECT_EQ(parse_boolean("false"), false);
  for (const char* text : {"yes", "no", "on", "off", "True", "TRUE", "1", "0", ""}) {
    EXPECT_EQ(parse_boolean(text), std::nullopt) << text;
  }
}

TEST(ConfigScalar, QuotesAreShortAndPrintable) {
  EXPECT_EQ(quote("80 MiB"), "'80 MiB'");
  EXPECT_EQ(quote("a\nb\tc\x1b"), "'a\\nb\\tc\\x1b'");
  EXPECT_EQ(quote(std::string(400, '9')), "'" + std::string(48, '9') + "...'");
  const std::string accents = std::string(47, 'a') + "\xc3\xa9\xc3\xa9";  // cut inside of one
  EXPECT_EQ(quote(accents), "'" + std::string(47, 'a') + "...'");
}

std::uint64_t bytes(const std::string& text) {
  const Parsed<Capacity> size = parse_size(text, false);
  return size.value ? size.value->amount : 0;
}

TEST(ConfigQuantity, SizesAreExactBytes) {
  EXPECT_EQ(bytes("192 KiB"), 196608u);
  EXPECT_EQ(bytes("192KiB"), 196608u);
  EXPECT_EQ(bytes("1.5 KiB"), 1536u);
  EXPECT_EQ(bytes("0.5 KiB"), 512u);
  EXPECT_EQ(bytes("1.1 GB"), 1100000000u);
  EXPECT_EQ(bytes("80 GiB"), 85899345920u);
  EXPECT_EQ(bytes("1e3 B"), 1000u);
  EXPECT_EQ(bytes("9223372036854775807 B"), 9223372036854775807u);
  EXPECT_EQ(bytes("8388607.99609375 TiB"), 9223372032559808512u);
}

TEST(ConfigQuantity, SizesThatAreNoneSayWhatIsExpected) {
  const std::string units = "a size with a unit (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB)";
  for (const char* text : {"128", "", "KiB", "128 kib", "128 K", "1 GB/s", "128  ", "12 KiB x"}) {
    EXPECT_EQ(parse_size(text, false).expected, units) << text;
  }
  EXPECT_EQ(parse_size("0 B", false).expected, "a positive size");
  EXPECT_EQ(parse_size("-1 KiB", false).expected, "a positive size");
  EXPECT_EQ(parse_size("0.3 B", false).expected, "a whole number of bytes");
  EXPECT_EQ(parse_size("0.001 KiB", false).expected, "a whole number of bytes");
  EXPECT_EQ(parse_size("8388608 TiB", false).expected, "a size below 2^63 bytes");
  EXPECT_EQ(parse_size(std::string(400, '9') + " B", false).expected, "a size below 2^63 bytes");
}

TEST(ConfigQuantity, WordsAreAUnitOnlyWhereAllowed) {
  const Parsed<Capacity> words = parse_size("25600 words", true);
  ASSERT_TRUE(words.value);
  EXPECT_EQ(words.value->amount, 25600u);
  EXPECT_TRUE(words.value->in_words);
  EXPECT_FALSE(parse_size("64 KiB", true).value->in_words);
  EXPECT_FALSE(parse_size("25600 words", false).value);
  EXPECT_EQ(parse_size("2.5 words", true).expected, "a whole number of words");
  EXPECT_EQ(parse_size("25600", true).expected,
            "a size with a unit (B, KiB, MiB, GiB, TiB, KB, MB, GB, TB, words)");
}

TEST(ConfigQuantity, PrefixesScaleWithoutRounding) {
  EXPECT_EQ(parse_quantity("2.039 TB/s", Quantity::byte_rate).value, 2.039e12);
  EXPECT_EQ(parse_quantity("1 GiB/s", Quantity::byte_rate).value, 1073741824.0);
  EXPECT_EQ(parse_quantity("1.41 GHz", Quantity::frequency).value, 1.41e9);
  EXPECT_EQ(parse_quantity("147.5 ns", Quantity::time).value, 147.5e-9);
  EXPECT_EQ(parse_quantity("312 TFLOP/s", Quantity::flop_rate).value, 312e12);
  EXPECT_EQ(parse_quantity("2.436 Top/s", Quantity::op_rate).value, 2.436e12);
  EXPECT_EQ(parse_quantity("12.7 pJ/B", Quantity::energy).value, 12.7e-12);
  EXPECT_EQ(parse_quantity("5 %", Quantity::percent).value, 0.05);
}

TEST(ConfigQuantity, RatesArePositiveAndTimesMayBeZero) {
  EXPECT_EQ(parse_quantity("0 TB/s", Quantity::byte_rate).expected, "a positive byte rate");
  EXPECT_EQ(parse_quantity("-1 GHz", Quantity::frequency).expected, "a positive frequency");
  EXPECT_EQ(parse_quantity("0 ns", Quantity::time).value, 0.0);
  EXPECT_EQ(parse_quantity("-1 ns", Quantity::time).expected, "a non-negative time");
  EXPECT_EQ(parse_quantity("3", Quantity::time).expected, "a time with a unit (ps, ns, us, ms, s)");
  EXPECT_EQ(parse_quantity("1e400 s", Quantity::time).expected,
            "a time within the range of a double");
}

}  // namespace
}  // namespace attnsim::config
