// Every kind of expectation at, above and below its limit, with the sentence it gives.
#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/study/expectation.h"

namespace attnsim::study {
namespace {

IoRow io_row(const char* memory, const char* tensor, std::uint64_t read, std::uint64_t written) {
  return {.memory = memory,
          .tensor = tensor,
          .read_bytes = Bytes(2 * read),
          .write_bytes = Bytes(2 * written),
          .read_words = Words(read),
          .write_words = Words(written)};
}

BoundRow bound(const char* id, const char* memory, bool rigorous, bool applies, double ratio) {
  BoundRow row;
  row.id = id;
  row.memory = memory;
  row.rigorous = rigorous;
  row.applies = applies;
  row.words = 1000;
  row.bytes = 2000;
  row.ratio = ratio;
  return row;
}

ClosedFormRow closed(const char* tensor, std::uint64_t words) {
  return {.memory = "l2", .tensor = tensor, .bytes = Bytes(2 * words), .words = Words(words)};
}

FootprintRow space(const char* name, std::uint64_t peak, std::uint64_t capacity) {
  FootprintRow row{.space = name, .peak_bytes = Bytes(peak), .peak_words = Words(peak / 2)};
  row.capacity_bytes = Bytes(capacity);
  row.capacity_words = Words(capacity / 2);
  row.fits = peak <= capacity;
  return row;
}

/// 1,234 words at l2, 600 of them of K.
Result sample_result() {
  Result result;
  result.run.algorithm.name = "flash_attention_2";
  result.run.machine.memories = {{.name = "sram"}, {.name = "l2"}, {.name = "hbm"}};
  result.io = {io_row("l2", "Q", 100, 0), io_row("l2", "K", 600, 0), io_row("l2", "O", 0, 534),
               io_row("l2", "total", 700, 534), io_row("hbm", "total", 700, 534)};
  result.closed_form = {closed("Q", 100), closed("K", 500), closed("O", 400),
                        closed("total", 1000)};
  result.footprint = {space("sram", 2000, 2000), space("hbm", 8000, 10000)};
  result.bounds = {bound("LB0", "l2", true, true, 1.234),
                   bound("theta_attention", "l2", false, true, 1.234),
                   bound("LB2", "l2", true, false, 1.234), bound("LB0", "hbm", true, true, 1.234)};
  return result;
}

Expectation about(const std::string& metric) {
  Expectation e;
  e.metric = metric;
  e.file = "checks.yaml";
  e.line = 7;
  e.column = 9;
  return e;
}

Expectation at_most(const std::string& metric, double limit) {
  Expectation e = about(metric);
  e.max = limit;
  return e;
}

Expectation at_least(const std::string& metric, double limit) {
  Expectation e = about(metric);
  e.min = limit;
  return e;
}

Expectation equal_to(const std::string& metric, std::uint64_t count) {
  Expectation e = about(metric);
  e.equals = count;
  return e;
}

Expectation ratio_of(const std::string& metric, double ratio, const std::string& of) {
  Expectation e = about(metric);
  e.max_ratio = ratio;
  e.of = of;
  return e;
}

/// "PASS expectation: message", or the fault.
std::string verdict(const Expectation& expectation, const Result& result = sample_result()) {
  try {
    const CheckRow row = evaluate_expectation("budget", expectation, result);
    EXPECT_EQ(row.check, "budget");
    EXPECT_EQ(row.metric, expectation.metric);
    return (row.ok ? "PASS " : "FAIL ") + row.expectation + ": " + row.message;
  } catch (const UserError& error) {
    return error.what();
  }
}

constexpr const char* kTotal = "io.l2.total.words";

TEST(AtMost, AboveAtAndBelow) {
  EXPECT_EQ(verdict(at_most(kTotal, 1000)),
            "FAIL <= 1,000: io.l2.total.words = 1,234 exceeds 1,000 by 234 (23.4 %); largest part: "
            "K 600");
  EXPECT_EQ(verdict(at_most(kTotal, 1233)),
            "FAIL <= 1,233: io.l2.total.words = 1,234 exceeds 1,233 by 1 (0.1 %); largest part: K "
            "600");
  EXPECT_EQ(verdict(at_most(kTotal, 1234)),
            "PASS <= 1,234: io.l2.total.words = 1,234 is at the limit of 1,234");
  EXPECT_EQ(verdict(at_most(kTotal, 1.5e9)),
            "PASS <= 1,500,000,000: io.l2.total.words = 1,234 is within 1,500,000,000 by "
            "1,499,998,766 (100.0 %)");
  EXPECT_EQ(verdict(at_most("io.l2.K.words", 599.5)),
            "FAIL <= 599.5: io.l2.K.words = 600 exceeds 599.5 by 0.5 (0.1 %)");
  EXPECT_EQ(verdict(at_most("io.l2.K.words", 0)),
            "FAIL <= 0: io.l2.K.words = 600 exceeds 0 by 600");
  EXPECT_EQ(verdict(at_most("bounds.LB0.ratio", 1.2)),
            "FAIL <= 1.2: bounds.LB0.ratio = 1.234 exceeds 1.2 by 0.034 (2.8 %)");
}

TEST(AtMost, NamesTheLargestPartOfTheFieldInQuestion) {
  EXPECT_EQ(verdict(at_most("io.l2.total.write_bytes", 1000)),
            "FAIL <= 1,000: io.l2.total.write_bytes = 1,068 exceeds 1,000 by 68 (6.8 %); largest "
            "part: O 1,068");
  EXPECT_EQ(verdict(at_most("io.hbm.total.words", 1000)),  // no parts are known
            "FAIL <= 1,000: io.hbm.total.words = 1,234 exceeds 1,000 by 234 (23.4 %)");
}

TEST(AtLeast, AboveAtAndBelow) {
  EXPECT_EQ(verdict(at_least(kTotal, 1235)),
            "FAIL >= 1,235: io.l2.total.words = 1,234 falls short of 1,235 by 1 (0.1 %); largest "
            "part: K 600");
  EXPECT_EQ(verdict(at_least(kTotal, 1234)),
            "PASS >= 1,234: io.l2.total.words = 1,234 is at the limit of 1,234");
  EXPECT_EQ(verdict(at_least(kTotal, 1000)),
            "PASS >= 1,000: io.l2.total.words = 1,234 is above 1,000 by 234 (23.4 %)");
}

TEST(Range, SpeaksOfTheEndThatBroke) {
  Expectation e = at_least("io.l2.K.words", 500);
  e.max = 700;
  EXPECT_EQ(verdict(e),
            "PASS >= 500 and <= 700: io.l2.K.words = 600 is within 700 by 100 (14.3 %)");
  e.max = 599;
  EXPECT_EQ(verdict(e), "FAIL >= 500 and <= 599: io.l2.K.words = 600 exceeds 599 by 1 (0.2 %)");
  e.min = 601;
  e.max = 700;
  EXPECT_EQ(verdict(e),
            "FAIL >= 601 and <= 700: io.l2.K.words = 600 falls short of 601 by 1 (0.2 %)");
  EXPECT_EQ(evaluate_expectation("", e, sample_result()).limit, 601);
}

TEST(Equals, AboveAtAndBelow) {
  EXPECT_EQ(verdict(equal_to(kTotal, 1234)),
            "PASS = 1,234: io.l2.total.words = 1,234 equals 1,234");
  EXPECT_EQ(verdict(equal_to(kTotal, 1233)),
            "FAIL = 1,233: io.l2.total.words = 1,234 is more than 1,233 by 1 (0.1 %); largest "
            "part: K 600");
  EXPECT_EQ(verdict(equal_to("io.l2.K.words", 601)),
            "FAIL = 601: io.l2.K.words = 600 is less than 601 by 1 (0.2 %)");
}

TEST(Equals, SeesOneWordInTwoToTheSixty) {
  Result result = sample_result();
  constexpr std::uint64_t kBig = std::uint64_t{1} << 60;
  result.io = {io_row("l2", "K", kBig + 1, 0)};
  EXPECT_TRUE(evaluate_expectation("", equal_to("io.l2.K.words", kBig + 1), result).ok);
  EXPECT_FALSE(evaluate_expectation("", equal_to("io.l2.K.words", kBig), result).ok);
  EXPECT_FALSE(evaluate_expectation("", at_most("io.l2.K.words", 0x1p60), result).ok);
  result.closed_form = {closed("K", kBig)};
  EXPECT_EQ(verdict(ratio_of("io.l2.K.words", 1, "closed_form"), result),
            "FAIL <= closed_form x 1.00: io.l2.K.words = 1,152,921,504,606,846,977 exceeds "
            "1,152,921,504,606,846,976 (closed_form) by 1 (< 0.1 %)");
}

TEST(MaxRatio, OfTheClosedForm) {
  EXPECT_EQ(verdict(ratio_of(kTotal, 1.0, "closed_form")),
            "FAIL <= closed_form x 1.00: io.l2.total.words = 1,234 exceeds 1,000 (closed_form) by "
            "234 (23.4 %); largest part: K 600");
  EXPECT_EQ(verdict(ratio_of("io.l2.Q.bytes", 1.0, "closed_form")),
            "PASS <= closed_form x 1.00: io.l2.Q.bytes = 200 is at the limit of 200 (closed_form)");
  EXPECT_EQ(verdict(ratio_of("io.l2.K.words", 1.5, "closed_form")),
            "PASS <= closed_form x 1.50: io.l2.K.words = 600 is within 750 (closed_form x 1.50, "
            "closed_form = 500) by 150 (20.0 %)");
  EXPECT_EQ(verdict(ratio_of("io.l2.K.words", 1.199, "closed_form")),
            "FAIL <= closed_form x 1.199: io.l2.K.words = 600 exceeds 599.5 (closed_form x 1.199, "
            "closed_form = 500) by 0.5 (0.1 %)");
}

TEST(MaxRatio, OfABoundAtTheSameMemory) {
  EXPECT_EQ(verdict(ratio_of("io.hbm.total.bytes", 1.234, "bounds.LB0")),
            "PASS <= bounds.LB0 x 1.234: io.hbm.total.bytes = 2,468 is at the limit of 2,468 "
            "(bounds.LB0 x 1.234, bounds.LB0 = 2,000)");
  EXPECT_EQ(verdict(ratio_of(kTotal, 1.2, "bounds.LB0")),
            "FAIL <= bounds.LB0 x 1.20: io.l2.total.words = 1,234 exceeds 1,200 (bounds.LB0 x "
            "1.20, bounds.LB0 = 1,000) by 34 (2.8 %); largest part: K 600");
}

TEST(MaxRatio, MeansTheDecimalThatWasWritten) {
  Result result = sample_result();  // 1.15 x 100 is 114.99999999999999 in doubles
  for (std::uint64_t n = 1; n <= 200; ++n) {
    for (std::uint64_t percent = 101; percent < 200; ++percent) {
      if (n * percent % 100 != 0) continue;
      const std::uint64_t limit = n * percent / 100;
      result.closed_form = {closed("K", n)};
      const Expectation e =
          ratio_of("io.l2.K.words", static_cast<double>(percent) / 100, "closed_form");
      result.io = {io_row("l2", "K", limit, 0)};
      EXPECT_TRUE(evaluate_expectation("", e, result).ok) << n << " x " << percent << " %";
      result.io = {io_row("l2", "K", limit + 1, 0)};
      EXPECT_FALSE(evaluate_expectation("", e, result).ok) << n << " x " << percent << " %";
    }
  }
}

TEST(MaxRatio, OfNothingAllowsNothing) {
  Result result = sample_result();
  result.closed_form = {closed("K", 0)};
  EXPECT_FALSE(evaluate_expectation("", ratio_of("io.l2.K.words", 1.5, "closed_form"), result).ok);
  result.io = {io_row("l2", "K", 0, 0)};
  EXPECT_TRUE(evaluate_expectation("", ratio_of("io.l2.K.words", 1.5, "closed_form"), result).ok);
}

}  // namespace
}  // namespace attnsim::study
