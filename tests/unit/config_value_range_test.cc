// Ranges: what they expand to, exactly, and what is none.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sim/config/value_range.h"

namespace attnsim::config {
namespace {

using Texts = std::vector<std::string>;

Texts expanded(const std::string& text) {
  Faults faults;
  const Node node = make_scalar(text, {.file = "a.yaml", .line = 1, .column = 1});
  EXPECT_TRUE(is_range(node)) << text;
  Texts out = expand_range(Cursor(node, "", faults));
  EXPECT_EQ(faults.count(), 0U) << text;
  return out;
}

std::string fault(const std::string& text) {
  Faults faults;
  const Node node = make_scalar(text, {.file = "a.yaml", .line = 1, .column = 1});
  EXPECT_EQ(expand_range(Cursor(node, "", faults)), Texts{}) << text;
  return faults.count() == 1 ? faults.sorted()[0].message : "no fault, or several";
}

TEST(ValueRange, StepsUpToTheLast) {
  EXPECT_EQ(expanded("1024 .. 4096 step 1024"), (Texts{"1024", "2048", "3072", "4096"}));
  EXPECT_EQ(expanded("1 .. 6 step 2"), (Texts{"1", "3", "5"}));
  EXPECT_EQ(expanded("-2 .. 2 step 2"), (Texts{"-2", "0", "2"}));
  EXPECT_EQ(expanded("7 .. 7 step 1"), Texts{"7"});
  EXPECT_EQ(expanded("0.1 .. 0.5 step 0.1"), (Texts{"0.1", "0.2", "0.3", "0.4", "0.5"}));
  EXPECT_EQ(expanded("1 TB/s .. 2 TB/s step 0.5 TB/s"), (Texts{"1 TB/s", "1.5 TB/s", "2 TB/s"}));
}

TEST(ValueRange, SizesOfDifferentUnitsAreExactBytes) {
  EXPECT_EQ(expanded("25 MiB .. 200 MiB log2"), (Texts{"25 MiB", "50 MiB", "100 MiB", "200 MiB"}));
  EXPECT_EQ(expanded("512 KiB .. 2 MiB log2"), (Texts{"512 KiB", "1 MiB", "2 MiB"}));
  EXPECT_EQ(expanded("16 KiB .. 17 KiB step 512 B"), (Texts{"16 KiB", "16896 B", "17 KiB"}));
  EXPECT_EQ(expanded("8 words .. 16 words step 4 words"),
            (Texts{"8 words", "12 words", "16 words"}));
}

TEST(ValueRange, CountsIncludeBothEnds) {
  EXPECT_EQ(expanded("1 .. 9 linear 5"), (Texts{"1", "3", "5", "7", "9"}));
  EXPECT_EQ(expanded("1 .. 10 linear 3"), (Texts{"1", "6", "10"}));  // 5.5 is rounded
  EXPECT_EQ(expanded("1 .. 100 log2 3"), (Texts{"1", "10", "100"}));
  EXPECT_EQ(expanded("0.5 .. 8 log2 5"), (Texts{"0.5", "1", "2", "4", "8"}));
  EXPECT_EQ(expanded("16 KiB .. 64 KiB linear 3"), (Texts{"16 KiB", "40 KiB", "64 KiB"}));
}

TEST(ValueRange, DoublingStopsBeforeTheLastIsPassed) {
  EXPECT_EQ(expanded("1 .. 7 log2"), (Texts{"1", "2", "4"}));
  EXPECT_EQ(expanded("4611686018427387904 .. 9223372036854775807 log2"),
            Texts{"4611686018427387904"});
}

TEST(ValueRange, OnlyPlainTextWithDotsBetweenBlanksIsOne) {
  EXPECT_FALSE(is_range(make_scalar("../runs/a.yaml", {})));
  EXPECT_FALSE(is_range(make_scalar("1024", {})));
  Node quoted = make_scalar("1 .. 2 log2", {});
  quoted.quoted = true;
  EXPECT_FALSE(is_range(quoted));
}

TEST(ValueRange, WhatIsWrongIsSaid) {
  EXPECT_EQ(fault("9 .. 1 step 1"), "empty range: '9' is above '1'");
  EXPECT_EQ(fault("0 .. 8 log2"), "a log2 range starts above 0");
  EXPECT_EQ(fault("1 .. 8 step 0"), "expected a step above 0");
  EXPECT_EQ(fault("1 .. 8 step 1 KiB"), "expected a step in the unit of '1', got '1 KiB'");
  EXPECT_EQ(fault("1 .. 8 linear 1"), "expected a number of values of at least 2, got '1'");
  EXPECT_EQ(fault("1 .. 3 linear 4"), "the range holds '2' more than once");
  EXPECT_EQ(fault("1 .. 1000000000 step 1"), "a range has at most 100000 values");
  EXPECT_EQ(fault("1 .. 1000000000 linear 100001"), "a range has at most 100000 values");
  EXPECT_EQ(fault("1 KiB .. 8 words log2"),
            "expected two numbers of one unit around '..', got '1 KiB' and '8 words'");
  const std::string rules =
      "expected 'step S', 'linear N', 'log2' or 'log2 N' after the ends of a range, got '";
  for (const std::string text : {"1 .. 8", "1 .. 8 step", "1 .. 8 log10", "1 .. 8 log2x 4"}) {
    EXPECT_EQ(fault(text), rules + text + "'");
  }
}

}  // namespace
}  // namespace attnsim::config
