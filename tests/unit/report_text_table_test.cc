#include <gtest/gtest.h>

#include "sim/report/text_table.h"

namespace attnsim::report {
namespace {

TEST(TextTable, AlignsByCodePointsAndLeavesNoTrailingSpaces) {
  TextTable table({Align::left, Align::right, Align::left});
  EXPECT_TRUE(table.empty());
  table.add_row({"\xc3\xa9", "1", ""});
  table.add_line("a line wider than every column of the table");
  table.add_row({"ab", "100", "x"});
  table.add_row({"c"});
  EXPECT_EQ(table.text(),
            "\xc3\xa9     1\n"
            "a line wider than every column of the table\n"
            "ab  100  x\n"
            "c\n");
}

TEST(Labelled, IndentsTheLinesAfterTheFirst) {
  EXPECT_EQ(labelled("work", 6, "a\n\nb"), "work  a\n\n      b\n");
  EXPECT_EQ(labelled("work", 6, ""), "");
}

}  // namespace
}  // namespace attnsim::report
