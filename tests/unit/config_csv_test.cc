// RFC 4180: fields, quotes, line ends, and where everything stands.
#include <string>

#include <gtest/gtest.h>

#include "sim/config/csv_text.h"

namespace attnsim::config {
namespace {

/// Rows in brackets, fields separated by |, then the faults.
std::string parsed(const std::string& text) {
  Faults faults;
  std::string out;
  for (const CsvRow& row : parse_csv(text, "x.csv", faults)) {
    out += '[';
    for (std::size_t i = 0; i < row.size(); ++i) out += (i == 0 ? "" : "|") + row[i].text;
    out += ']';
  }
  for (const Diagnostic& fault : faults.sorted()) out += "\n" + fault.text();
  return out;
}

TEST(Csv, FieldsAreSeparatedByCommas) {
  EXPECT_EQ(parsed("a,b,c\n1,,3\n"), "[a|b|c][1||3]");
  EXPECT_EQ(parsed("a\n"), "[a]");
  EXPECT_EQ(parsed(","), "[|]");
  EXPECT_EQ(parsed(""), "");
}

TEST(Csv, LinesEndInLfOrCrlfAndTheLastNeedNot) {
  EXPECT_EQ(parsed("a,b\r\n1,2"), "[a|b][1|2]");
  EXPECT_EQ(parsed("a\n\n\r\nb\n\n"), "[a][b]") << "lines without text are left out";
  EXPECT_EQ(parsed("\xEF\xBB\xBF"
                   "a,b"),
            "[a|b]")
      << "a byte order mark is left out";
}

TEST(Csv, QuotedFieldsHoldAnything) {
  EXPECT_EQ(parsed("\"a,b\",\"say \"\"x\"\"\",\"two\nlines\"\n1"), "[a,b|say \"x\"|two\nlines][1]");
  EXPECT_EQ(parsed("\"\",a"), "[|a]");
}

TEST(Csv, EveryFieldKnowsItsPlace) {
  Faults faults;
  const auto rows = parse_csv("ab,\"c\nd\",e\nf,g\n", "x.csv", faults);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0][1].at.line, 1);
  EXPECT_EQ(rows[0][1].at.column, 4) << "the opening quote";
  EXPECT_EQ(rows[0][2].at.line, 2);
  EXPECT_EQ(rows[0][2].at.column, 4) << "after d\" and a comma";
  EXPECT_EQ(rows[1][1].at.line, 3);
  EXPECT_EQ(rows[1][1].at.column, 3);
}

TEST(Csv, TellsEveryWrongQuote) {
  EXPECT_EQ(parsed("a,b\"c\"\n\"d\"e,f\n\"g"),
            "[a|b\"c\"][d|f][g]\n"
            "x.csv:1:4: expected a quote only around a whole field, and doubled inside of one\n"
            "x.csv:2:4: expected a comma or the end of the line after a closing quote, got 'e'\n"
            "x.csv:3:1: expected a closing quote, got the end of the file");
}

TEST(Csv, RefusesWhatIsNoText) {
  EXPECT_EQ(parsed("a,\xff\n"), "\nx.csv:1:3: not a text file: byte 0xff is not UTF-8");
  EXPECT_EQ(parsed(std::string("a\n\0", 3)),
            "\nx.csv:2:1: not a text file: control character 0x00");
}

}  // namespace
}  // namespace attnsim::config
