// Lines over the edges of the reader's buffer, and address records in both of their readers.
#include "sim/trace/file/line_reader.h"

#include <sstream>

#include <gtest/gtest.h>

#include "sim/core/error.h"
#include "sim/trace/file/address_reader.h"

namespace attnsim::trace_file {
namespace {

TEST(LineReader, LinesOfEveryLengthAcrossTheBuffer) {
  std::string text;
  std::vector<std::string> expected;
  for (std::size_t i = 0; i < 900; ++i) {
    expected.emplace_back(i, static_cast<char>('a' + i % 26));
    text += expected.back() + '\n';
  }
  ASSERT_GT(text.size(), 6U << 16);
  std::istringstream in(text);
  LineReader lines(in, "x");
  std::uint64_t bytes = 0;
  std::string_view line;
  for (const std::string& want : expected) {
    ASSERT_TRUE(lines.next(line));
    EXPECT_EQ(line, want);
    bytes += want.size() + 1;
    EXPECT_EQ(lines.bytes(), bytes);
  }
  EXPECT_EQ(lines.number(), 900U);
  EXPECT_FALSE(lines.next(line));
  EXPECT_FALSE(lines.next(line));
}

TEST(LineReader, TheLastLineNeedsNoEnd) {
  std::istringstream in("a\n\nb");
  LineReader lines(in, "x");
  std::string line;
  EXPECT_TRUE(lines.next(line) && line == "a");
  EXPECT_TRUE(lines.next(line) && line.empty());
  EXPECT_TRUE(lines.next(line) && line == "b");
  EXPECT_EQ(lines.bytes(), 4U);
  EXPECT_FALSE(lines.next(line));
}

/// However long the line is: a file without line ends is not read into memory.
TEST(LineReader, RefusesLongLines) {
  for (const std::size_t size : {11, 70000, 500000}) {
    for (const char* end : {"", "\n"}) {
      std::istringstream in("ok\n" + std::string(size, 'x') + end);
      LineReader lines(in, "x", 10);
      std::string_view line;
      EXPECT_TRUE(lines.next(line));
      try {
        lines.next(line);
        ADD_FAILURE() << size;
      } catch (const UserError& error) {
        EXPECT_STREQ(error.what(), "x:2: a line of more than 10 bytes");
      }
    }
  }
}

std::string read(const std::string& text, AddressFormat format) {
  std::istringstream in(text);
  AddressReader reader(in, "x", format);
  AddressEvent event;
  try {
    if (!reader.next(event)) return "nothing";
  } catch (const UserError& error) {
    return error.what();
  }
  return std::to_string(event.address) + "+" + std::to_string(event.bytes) +
         (event.write   ? "w"
          : event.fetch ? "i"
                        : "r");
}

/// The short way for plain records says what the full grammar says: a blank more sends a record
/// there.
TEST(AddressReader, PlainRecordsAreWhatTheGrammarReads) {
  for (const char* record :
       {"0 0", "1 ffffffffffffffff", "2 ABCDEF0123456789", "0 10000000000000000", "1 g", "0 -1",
        "0 1:", "0 0x10", "1 ", "1 1/", "1 @"}) {
    EXPECT_EQ(read(record, AddressFormat::din), read(std::string(" ") + record, AddressFormat::din))
        << record;
  }
  for (const char* record :
       {"0,1,r", "123456789012345678,4294967296,w", "1234567890123456789,1,w", "1,0,r", "1,-1,r",
        "1,4294967297,i", "5,7,i", "5,7,x", "5,7,rr", "5,7", "5,,r", ",7,r",
        "18446744073709551615,2,r", "18446744073709551616,1,r", "1,0000000000000000000000009,w"}) {
    EXPECT_EQ(read(record, AddressFormat::csv), read(std::string(" ") + record, AddressFormat::csv))
        << record;
  }
}

}  // namespace
}  // namespace attnsim::trace_file
